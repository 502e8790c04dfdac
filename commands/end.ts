/** How long what is open may keep a process that is at its end, milliseconds. */
const leftoverMs = 5_000;

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
    const said =
      "warning: something was still open at the end: the process is killed, and what it had not exported is lost\n";
    try {
      Deno.stderr.writeSync(new TextEncoder().encode(said));
    } finally {
      endAtOnce(code);
    }
  };
  Deno.unrefTimer(setTimeout(leave, leftoverMs));
}

/** Ends the process now, with `code`; by SIGKILL where it exports, for nothing else would keep it from exporting first. */
export function endAtOnce(code: number): never {
  if (isExporting()) Deno.kill(Deno.pid, "SIGKILL");
  Deno.exit(code);
}
