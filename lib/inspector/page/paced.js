/** Of the time, drawing may take one part in so many: the rest is for whoever clicks and types. */
const share = 5;

/**
 * Draws when asked to, with the next frame, but never so often that the page does nothing else.
 *
 * @param {() => void} draw
 * @returns {() => void} asks for it
 */
export function paced(draw) {
  let asked = false;
  let notBefore = 0;
  const attempt = () => {
    const waitMs = notBefore - performance.now();
    if (waitMs > 0) {
      setTimeout(attempt, waitMs);
      return;
    }
    asked = false;
    const startedAt = performance.now();
    draw();
    // What follows a drawing, layout and paint, counts as well.
    setTimeout(() => notBefore = performance.now() + (performance.now() - startedAt) * (share - 1));
  };
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(attempt);
  };
}
