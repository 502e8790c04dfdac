import { InvalidArgumentError } from "commander";
import { parseStreamId } from "../lib/protocol/mod.ts";
import type { CaptureHeader } from "../lib/capture/mod.ts";
import { globPattern, type Selection } from "../lib/replay/mod.ts";
import { UsageError } from "./errors.ts";
import { duration } from "./values.ts";

/** A moment in a capture: so long after its beginning, or by the wall clock. Microseconds. */
export type Moment = { kind: "offset"; us: number } | { kind: "wall"; us: number };

/** A moment such as `1.5s` (after the beginning) or `2026-07-30T10:22:33Z`. */
export function moment(text: string): Moment {
  if (/^\d{4}-\d{2}-\d{2}T/.test(text)) {
    const ms = Date.parse(text);
    if (!Number.isNaN(ms)) return { kind: "wall", us: ms * 1000 };
  } else if (/^[\d.]+[a-z]+$/.test(text)) {
    return { kind: "offset", us: duration(text) * 1000 };
  }
  throw new InvalidArgumentError(
    "A moment is a time after the beginning, such as 1.5s, or a date and time, such as 2026-07-30T10:22:33Z.",
  );
}

/** A pattern for paths. What begins with nothing that a path begins with would match none. */
export function pathGlob(text: string): string {
  if (!/^[/*?]/.test(text)) {
    throw new InvalidArgumentError("A path begins with a slash or *, such as '/api/*' or '/**/events'.");
  }
  return text;
}

/** @throws {UsageError} when no moment is asked for */
export function refuseEmptyTime({ since, until }: { since?: Moment; until?: Moment }): void {
  if (since === undefined || until === undefined || since.kind !== until.kind || since.us <= until.us) return;
  throw new UsageError("--since is later than --until: what lies between them is asked for");
}

/** What of a capture is asked for, as the flags have it. */
export interface SelectionSettings {
  streams: string[] | undefined;
  path: string | undefined;
  since: Moment | undefined;
  until: Moment | undefined;
}

/** The streams and times of a capture that are asked for. */
export function selectionIn(
  header: Pick<CaptureHeader, "startedAtUs">,
  settings: SelectionSettings,
): Selection {
  const { streams, path, since, until } = settings;
  return {
    streams: streams === undefined ? null : new Set(streams),
    path: path === undefined ? null : globPattern(path),
    sinceUs: momentIn(header, since, 0),
    untilUs: momentIn(header, until, Infinity),
  };
}

/** Microseconds since the capture began. */
function momentIn(
  header: Pick<CaptureHeader, "startedAtUs">,
  moment: Moment | undefined,
  otherwise: number,
): number {
  if (moment === undefined) return otherwise;
  return moment.kind === "offset" ? moment.us : moment.us - header.startedAtUs;
}

/** Stream ids as in logs and timelines; the option may be given several times. */
export function streamIds(text: string, earlier: string[] | undefined): string[] {
  if (parseStreamId(text) === null) {
    throw new InvalidArgumentError("A stream's id is as in logs and timelines, such as 9f3ac01b-42.");
  }
  return [...(earlier ?? []), text];
}

/** How fast recorded time passes: `1x` as recorded, `10x` ten times as fast, `max` without waiting (`Infinity`). */
export function speed(text: string): number {
  if (text === "max") return Infinity;
  const match = /^(\d+(?:\.\d+)?)x$/.exec(text);
  const factor = match === null ? NaN : Number(match[1]);
  if (!(factor > 0 && factor < Infinity)) {
    throw new InvalidArgumentError("A speed is a factor such as 1x, 10x or 0.5x, or max.");
  }
  return factor;
}
