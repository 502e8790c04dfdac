export { type LogFields, type LogFormat, Logger, type LogLevel, logLevels, silentLogger } from "./logger.ts";
