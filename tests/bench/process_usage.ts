/** Clock ticks a second of `/proc/PID/stat` on every Linux that Deno runs on. */
const ticksPerSecond = 100;

/** What a process has used and holds. */
export interface ProcessUsage {
  /** User and system time since its start, all threads. */
  cpuSeconds: number;
  residentBytes: number;
}

/** `null` where the system has no `/proc`, or the process is gone. */
export function processUsage(pid: number): ProcessUsage | null {
  const stat = readProc(`/proc/${pid}/stat`);
  const status = readProc(`/proc/${pid}/status`);
  if (stat === null || status === null) return null;
  const resident = /^VmRSS:\s+(\d+) kB/m.exec(status);
  return {
    cpuSeconds: cpuSecondsOf(stat),
    residentBytes: resident === null ? 0 : Number(resident[1]) * 1024,
  };
}

/** User and system seconds of a line of `/proc/PID/stat` (proc(5), fields 14 and 15). */
export function cpuSecondsOf(stat: string): number {
  // The second field is the program's name in brackets, which may hold spaces and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Processes that `pid` started and that live. */
export function childrenOf(pid: number): number[] {
  const children = readProc(`/proc/${pid}/task/${pid}/children`);
  return children === null ? [] : children.split(" ").filter((text) => text.trim() !== "").map(Number);
}

/** CPU seconds of several processes together; `null` when one of them cannot be read. */
export function cpuSecondsTogether(pids: readonly number[]): number | null {
  let sum = 0;
  for (const pid of pids) {
    const usage = processUsage(pid);
    if (usage === null) return null;
    sum += usage.cpuSeconds;
  }
  return sum;
}

/** Read by another program: Deno opens /proc to those alone that may do everything. */
function readProc(path: string): string | null {
  try {
    const { success, stdout } = new Deno.Command("cat", { args: [path], stderr: "null" }).outputSync();
    return success ? new TextDecoder().decode(stdout) : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
