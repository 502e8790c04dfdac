const encoder = new TextEncoder();

/** Writes a line to standard output. */
export function printLine(line: string): void {
  let bytes = encoder.encode(line + "\n");
  while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
}
