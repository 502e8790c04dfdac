const namespace = "http://www.w3.org/2000/svg";
const [width, height] = [120, 20];

/** Round trips the small curve shows. */
export const sparklineSamples = 60;

/** A small curve without axes. */
export function makeSparkline() {
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("class", "sparkline");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(namespace, "polyline"));
  return svg;
}

/**
 * Draws values, the newest on the right; the height is from zero to the largest of them.
 *
 * @param {SVGSVGElement} svg made by {@link makeSparkline}
 * @param {readonly number[]} values
 */
export function drawSparkline(svg, values) {
  const shown = values.slice(-sparklineSamples);
  const max = Math.max(...shown, Number.MIN_VALUE);
  const step = width / (sparklineSamples - 1);
  const points = shown.map((value, i) => {
    const x = width - (shown.length - 1 - i) * step;
    const y = height - 1 - (value / max) * (height - 2);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  svg.firstElementChild?.setAttribute("points", points.join(" "));
}
