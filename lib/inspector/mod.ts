/** The admin port of a gateway or runner: metrics, JSON API, inspector page. */
export { AdminServer, type AdminServerOptions, familiesOf, isLoopback } from "./admin_server.ts";
export { History, type HistoryOptions } from "./history.ts";
export type { Inspected } from "./inspected.ts";
