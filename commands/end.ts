/** How long what is open may keep a process that is at its end, milliseconds. */
const leftoverMs = 1_000;

/** Whether Deno's own exporter runs in this process: it stands where OpenTelemetry's interface looks for one then. */
export function isExporting(): boolean {
  return Symbol.for("opentelemetry.js.api.1") in globalThis;
}

/**
 * Ends the process with `code` as soon as it has nothing more to do.
 *
 * Where it exports it has to come to its end by itself: `Deno.exit` has the exporter send the last spans while JavaScript stands still,
 * and when metrics are to be collected meanwhile, which JavaScript would have to do, both wait for ever.
 */
export function end(code: number): void {
  if (!isExporting()) Deno.exit(code);
  Deno.exitCode = code;
  const leave = () => {
    Deno.stderr.writeSync(new TextEncoder().encode("warning: something was still open at the end\n"));
    void endAtOnce(code);
  };
  Deno.unrefTimer(setTimeout(leave, leftoverMs));
}

/** Ends the process with `code` now. What is still to be exported is lost, where the system has a call for that. */
export async function endAtOnce(code: number): Promise<never> {
  if (isExporting()) {
    const { Libc } = await import("../lib/net/mod.ts");
    const libc = Libc.open();
    if (typeof libc !== "string") libc.calls._exit(code);
  }
  Deno.exit(code);
}
