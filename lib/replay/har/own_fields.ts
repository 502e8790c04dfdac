import type { CapturedBody, CapturedExchange } from "../../capture/mod.ts";

/**
 * What HAR has no place for, kept in an entry's `_tunnel` so that reading it again gives the same exchange. Times are
 * microseconds: of closes and resets since the entry's start, of a body's parts since its request or answer began.
 * What is not there is false, zero or none.
 */
export interface OwnFields {
  /** The stream's id, as in logs. */
  stream: string;
  /** The request's target, where the URL cannot show it. */
  target?: string;
  request?: OwnBody;
  response?: OwnBody;
  closes?: OwnEnding[];
  reset?: OwnEnding;
  linkChanges?: number;
  resumed?: true;
  subprotocol?: string;
  noBeginning?: true;
  gaps?: true;
}

export interface OwnBody {
  /** `[time, length]` of each part, when there are several or the capture did not see its end. */
  parts?: [number, number][];
  omittedBytes?: number;
  /** Its text is that of the body in its content coding. */
  encoded?: true;
  unfinished?: true;
  cut?: true;
  trailers?: readonly string[];
}

interface OwnEnding {
  us: number;
  from: string;
  code: number;
  reason: string;
}

export function ownFields(
  exchange: CapturedExchange,
  shown: { target: string; responseEncoded: boolean },
): OwnFields {
  const { id, answer, body, closes, reset, startedAtUs, target } = exchange;
  const ending = ({ timeUs, from, code, reason }: CapturedExchange["closes"][number]) => ({
    us: timeUs - startedAtUs,
    from,
    code,
    reason,
  });
  return {
    stream: id,
    ...(shown.target === target ? {} : { target }),
    ...named("request", ownBody(body, { fromUs: startedAtUs, encoded: false })),
    ...(answer === null
      ? {}
      : named("response", ownBody(answer.body, { fromUs: answer.timeUs, encoded: shown.responseEncoded }))),
    ...(closes.length === 0 ? {} : { closes: closes.map(ending) }),
    ...(reset === null ? {} : { reset: ending(reset) }),
    ...(exchange.linkChanges === 0 ? {} : { linkChanges: exchange.linkChanges }),
    ...(exchange.resumed ? { resumed: true } : {}),
    ...(exchange.subprotocol === "" ? {} : { subprotocol: exchange.subprotocol }),
    ...(exchange.hasBeginning ? {} : { noBeginning: true }),
    ...(exchange.hasGaps ? { gaps: true } : {}),
  };
}

function ownBody(body: CapturedBody, { fromUs, encoded }: { fromUs: number; encoded: boolean }): OwnBody {
  // In its coding, or without one, the parts' lengths are those of the text.
  const kept = body.parts.filter(({ bytes }) => bytes.length > bytes.omittedBytes);
  return {
    ...(kept.length > 1
      ? {
        parts: kept.map(({ timeUs, bytes }) =>
          [timeUs - fromUs, bytes.length - bytes.omittedBytes] as [number, number]
        ),
      }
      : {}),
    ...(body.omittedBytes > 0 ? { omittedBytes: body.omittedBytes } : {}),
    ...(encoded ? { encoded: true } : {}),
    ...(body.endedAtUs === null ? { unfinished: true } : {}),
    ...(body.cut ? { cut: true } : {}),
    ...(body.trailers.length > 0 ? { trailers: body.trailers } : {}),
  };
}

function named<N extends string>(name: N, fields: OwnBody): { [K in N]?: OwnBody } {
  return Object.keys(fields).length === 0 ? {} : { [name]: fields } as { [K in N]?: OwnBody };
}
