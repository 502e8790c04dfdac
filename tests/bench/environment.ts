import { cpus } from "node:os";
import { wrkVersion } from "./load/generator.ts";
import { nginxVersion } from "./nginx.ts";
import type { Environment } from "./results.ts";

/** What the run is made on. */
export function findEnvironment(): Environment {
  const cores = cpus();
  return {
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    nginx: nginxVersion(),
    wrk: wrkVersion(),
    kernel: `${Deno.build.os} ${Deno.osRelease()}`,
    cpu: cores[0]?.model.trim() ?? "unknown",
    cores: cores.length,
  };
}
