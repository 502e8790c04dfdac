/**
 * A Markdown table whose columns line up as plain text too. The first column is set left, the others right.
 *
 * @param cells rows of as many cells as `headings`
 */
export function markdownTable(headings: string[], cells: string[][]): string {
  const widths = headings.map((heading, column) =>
    Math.max(3, ...[heading, ...cells.map((row) => row[column])].map(displayWidth))
  );
  const line = (row: string[]) =>
    `| ${row.map((cell, column) => pad(cell, widths[column], column === 0)).join(" | ")} |`;
  const rule = widths.map((width, column) => column === 0 ? "-".repeat(width) : "-".repeat(width - 1) + ":");
  return [line(headings), `| ${rule.join(" | ")} |`, ...cells.map(line)].join("\n");
}

function pad(text: string, width: number, left: boolean): string {
  const space = " ".repeat(width - displayWidth(text));
  return left ? text + space : space + text;
}

/** Every character used here takes one column. */
function displayWidth(text: string): number {
  return [...text].length;
}
