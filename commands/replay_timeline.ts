import { CaptureError, readRecords } from "../lib/capture/mod.ts";
import { globPattern, type Selection, Timeline } from "../lib/replay/mod.ts";
import { exitCodes } from "./errors.ts";
import { headerLines, streamHeading } from "./replay_text.ts";
import { LineOutput } from "./replay_output.ts";
import { openCapture, ReadingProgress } from "./replay_reading.ts";
import { type Moment, momentIn } from "./replay_values.ts";
import { JsonTimeline, TextTimeline } from "./replay_timeline_output.ts";

export interface TimelineSettings {
  frames: boolean;
  streams: string[] | undefined;
  path: string | undefined;
  since: Moment | undefined;
  until: Moment | undefined;
  json: boolean;
}

/**
 * `tunnel replay FILE`: what a capture holds.
 *
 * @returns the exit status: 1 when the file is damaged, after everything before the damage
 */
export async function showTimeline(
  file: string,
  settings: TimelineSettings,
  signal: AbortSignal,
): Promise<number> {
  using reader = openCapture(file);
  const { header } = reader;
  const selection: Selection = {
    streams: settings.streams === undefined ? null : new Set(settings.streams),
    path: settings.path === undefined ? null : globPattern(settings.path),
    sinceUs: momentIn(header, settings.since, 0),
    untilUs: momentIn(header, settings.until, Infinity),
  };
  const output = new LineOutput();
  const view = settings.json ? new JsonTimeline(output, settings.frames) : new TextTimeline(output);
  view.begin(headerLines(header, file), header, settings.frames ? "" : streamHeading);
  const timeline = new Timeline(
    header,
    settings.frames
      ? { selection, onEntry: (entry) => view.entry(entry) }
      : { selection, onStream: (row) => view.stream(row) },
  );
  let damage: CaptureError | null = null;
  const stop = new AbortController();
  using progress = new ReadingProgress(reader.sizeBytes);
  try {
    await readRecords(reader, (record) => {
      timeline.add(record);
      if (output.closed) stop.abort();
    }, {
      signal: AbortSignal.any([signal, stop.signal]),
      onProgress: (offset) => progress.update(offset),
    });
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    damage = error;
  }
  progress[Symbol.dispose]();
  view.end(timeline.finish(), {
    damage,
    interruptedAt: signal.aborted ? reader.offset : null,
  });
  output.flush();
  return damage === null ? exitCodes.done : exitCodes.failed;
}
