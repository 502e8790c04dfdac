import { CaptureError, readRecords } from "../lib/capture/mod.ts";
import { Timeline } from "../lib/replay/mod.ts";
import { exitCodes } from "./errors.ts";
import { headerLines, streamHeading } from "./replay_text.ts";
import { LineOutput } from "./replay_output.ts";
import { openCapture, ReadingProgress } from "./replay_reading.ts";
import { selectionIn, type SelectionSettings } from "./replay_values.ts";
import { JsonTimeline, TextTimeline } from "./replay_timeline_output.ts";

export interface TimelineSettings extends SelectionSettings {
  frames: boolean;
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
  using reader = await openCapture(file, signal);
  const { header } = reader;
  const selection = selectionIn(header, settings);
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
