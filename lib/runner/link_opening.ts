import {
  frameTypes,
  initialWindowBytes,
  isAcceptedWindow,
  type LinkFrame,
  maxProtocolVersion,
  minProtocolVersion,
  ProtocolError,
  type ResumeFrame,
  type StreamPosition,
  type WelcomeFrame,
  windowRule,
} from "../protocol/mod.ts";
import { PositionsReader, type Session } from "../session/mod.ts";

/** What a runner says of itself when its link is up. */
export interface Introduction {
  /** 16 bytes. */
  sessionId: Uint8Array;
  runnerName: string;
  agent: string;
  /** The session to carry on with, if there is one. */
  session: Session | null;
}

/** A gateway's whole answer to a hello. */
export interface Welcome {
  welcome: WelcomeFrame;
  /** Where the gateway's streams stand. */
  positions: StreamPosition[];
}

/** The frames a runner opens a link with: hello, then where its streams stand. */
export function openingFrames(introduction: Introduction): LinkFrame[] {
  const { sessionId, runnerName, agent, session } = introduction;
  const resume: ResumeFrame[] = session?.resumeFrames() ??
    [{ type: frameTypes.resume, last: true, streams: [] }];
  return [{
    type: frameTypes.hello,
    minVersion: minProtocolVersion,
    maxVersion: maxProtocolVersion,
    sessionId,
    runnerName,
    agent,
    resumeGatewayId: session?.gatewayId ?? 0,
    initialWindow: initialWindowBytes,
  }, ...resume];
}

/** Puts a gateway's answer together, which comes as a welcome and one resume frame or more. */
export class WelcomeReader {
  #welcome: WelcomeFrame | null = null;
  readonly #positions = new PositionsReader();
  #complete = false;

  /**
   * @returns the whole answer once its last frame is there
   * @throws {ProtocolError} when the frames come in another order, or twice, or grant a window that no body fits through
   */
  take(frame: WelcomeFrame | ResumeFrame): Welcome | null {
    if (frame.type === frameTypes.welcome) {
      if (this.#welcome !== null) throw new ProtocolError("a second welcome came on the same link");
      if (!isAcceptedWindow(frame.initialWindow)) {
        throw new ProtocolError(`welcome's window must be ${windowRule}, found ${frame.initialWindow}`);
      }
      this.#welcome = frame;
      return null;
    }
    if (this.#welcome === null || this.#complete) {
      throw new ProtocolError("resume must follow welcome, once");
    }
    this.#complete = frame.last;
    const positions = this.#positions.take(frame);
    return positions === null ? null : { welcome: this.#welcome, positions };
  }
}
