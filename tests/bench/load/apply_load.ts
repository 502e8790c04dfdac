import type { LoadRow } from "../rows.ts";
import { runProgram, runWrk } from "./generator.ts";
import type { HttpLoad } from "./http_load.ts";
import type { Sample } from "./sample.ts";
import type { TransferLoad } from "./transfer_load.ts";
import type { WebSocketLoad } from "./ws_load.ts";

/** Which generator loads the HTTP rows. */
export type HttpLoader = "wrk" | "own";

export interface LoadOptions {
  /** Where the load goes, on loopback. */
  port: number;
  /** How long rates are counted; transfers take as long as they take. */
  seconds: number;
  httpLoader: HttpLoader;
}

/** Puts a row's load on a port and says what came of it. */
export function applyLoad(row: LoadRow, options: LoadOptions): Promise<Sample> {
  const { port, seconds } = options;
  switch (row.kind) {
    case "http": {
      const { path, connections } = row;
      if (options.httpLoader === "wrk") {
        return runWrk({ url: `http://127.0.0.1:${port}${path}`, connections, seconds });
      }
      return runProgram("http_load.ts", { port, path, connections, seconds } satisfies HttpLoad);
    }
    case "websocket": {
      const { connections, inFlight, messageBytes } = row;
      const rest = { connections, inFlight, messageBytes, runners: 0 };
      return runProgram("ws_load.ts", { port, path: "/echo", seconds, ...rest } satisfies WebSocketLoad);
    }
    case "transfer": {
      const { direction, streams, totalBytes } = row;
      const load: TransferLoad = { port, direction, streams, bytes: totalBytes / streams };
      return runProgram("transfer_load.ts", load);
    }
    default:
      return row satisfies never;
  }
}
