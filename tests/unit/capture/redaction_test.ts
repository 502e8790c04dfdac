import assert from "node:assert/strict";
import fc from "fast-check";
import { type Frame, FrameReader, frameTypes } from "../../../lib/protocol/mod.ts";
import { Redaction } from "../../../lib/capture/redaction.ts";
import { encoded } from "./capture_bytes.ts";

const id = { gatewayId: 0xffff_ffff, requestId: 70_000, index: 300 };

function redacted(frame: Frame, options: { names?: string[]; secrets?: string[] } = {}): Frame {
  const { names = [], secrets = [] } = options;
  const bytes = encoded(frame);
  const length = bytes.length;
  new Redaction({ names, secrets }).redact(bytes, frame.type);
  assert.equal(bytes.length, length);
  const reader = new FrameReader(bytes);
  const read = reader.next()!;
  assert.equal(reader.next(), null);
  return read;
}

function request(headers: readonly string[], target = "/"): Frame {
  return { type: frameTypes.requestStart, ...id, method: "GET", target, headers, hasBody: false };
}

Deno.test("values of secret headers become asterisks of the same length, whatever the case of the name", () => {
  const frame = request([
    "Host",
    "example.com",
    "AUTHORIZATION",
    "Bearer abc",
    "cookie",
    "a=1",
    "Proxy-Authorization",
    "Basic x",
  ]);
  assert.deepEqual(
    redacted(frame),
    request([
      "Host",
      "example.com",
      "AUTHORIZATION",
      "**********",
      "cookie",
      "***",
      "Proxy-Authorization",
      "*******",
    ]),
  );
});

Deno.test("Set-Cookie is redacted in responses, whole ones, too, acceptances and trailers", () => {
  const secret = ["set-cookie", "sid=1"];
  const clean = ["set-cookie", "*****"];
  const response = { type: frameTypes.responseStart, ...id, status: 200, reason: "OK" } as const;
  assert.deepEqual(redacted({ ...response, headers: secret }), { ...response, headers: clean });
  const bytes = new TextEncoder().encode("set-cookie: sid=1");
  const whole = { type: frameTypes.response, ...id, status: 200, reason: "OK", bytes } as const;
  assert.deepEqual(redacted({ ...whole, headers: secret }), { ...whole, headers: clean });
  const accept = { type: frameTypes.wsAccept, ...id, together: true } as const;
  assert.deepEqual(redacted({ ...accept, headers: secret }), { ...accept, headers: clean });
  const end = { type: frameTypes.bodyEnd, ...id, cut: false, stop: true } as const;
  assert.deepEqual(redacted({ ...end, trailers: secret }), { ...end, trailers: clean });
});

Deno.test("a name that is asked for is redacted as a header and as a query parameter", () => {
  const names = ["X-Api-Key"];
  const target = "/a?q=1&x-api-key=s3cret&X%2DAPI-KEY=other";
  const clean = "/a?q=1&x-api-key=******&X%2DAPI-KEY=*****";
  assert.deepEqual(
    redacted(request(["x-api-key", "k"], target), { names }),
    request(["x-api-key", "*"], clean),
  );
  assert.deepEqual(redacted(request([], target)), request([], target));
});

Deno.test("a query parameter that is asked for is redacted in URLs of headers, and with an index in brackets, too", () => {
  const names = ["api_key"];
  const urls = (value: string) => ["Referer", `http://h/p?a=1&api_key=${value}#x`, "Host", "h?api_key=1"];
  assert.deepEqual(redacted(request(urls("s3cret")), { names }), request(urls("******")));
  const response = { type: frameTypes.responseStart, ...id, status: 302, reason: "Found" } as const;
  const moved = (value: string) => ({
    ...response,
    headers: ["location", `/?api_key=${value}`, "content-location", "/"],
  });
  assert.deepEqual(redacted(moved("s3cret"), { names }), moved("******"));
  assert.deepEqual(redacted(moved("s3cret")), moved("s3cret"));
  const target = (value: string) => request([], `/?api_key[]=${value}&api_key%5Ba%5D=${value}&api=k`);
  assert.deepEqual(redacted(target("s3cret"), { names }), target("******"));
});

Deno.test("a redacted subprotocol is redacted where a woken client's stands, too", () => {
  const open = { type: frameTypes.wsOpen, ...id, target: "/", resumed: true } as const;
  const headers = ["Sec-WebSocket-Protocol", "bearer.abc"];
  const names = ["sec-websocket-protocol"];
  assert.deepEqual(
    redacted({ ...open, headers, subprotocol: "bearer.abc" }, { names }),
    { ...open, headers: ["Sec-WebSocket-Protocol", "**********"], subprotocol: "**********" },
  );
});

Deno.test("the token is overwritten wherever it stands, in texts and in payloads", () => {
  const secrets = ["tok/3n"];
  assert.deepEqual(
    redacted(request(["x", "a tok/3n b tok/3n"], "/tok/3n"), { secrets }),
    request(["x", "a ****** b ******"], "/******"),
  );
  const bytes = new TextEncoder().encode("..tok/3n..");
  const chunk = { type: frameTypes.bodyChunk, ...id, bytes } as const;
  const head = { status: 200, reason: "tok/3n", headers: ["x", "tok/3n"] };
  const whole = { type: frameTypes.response, ...id, ...head, bytes } as const;
  for (const frame of [chunk, whole]) {
    const read = redacted(frame, { secrets });
    assert.equal(new TextDecoder().decode((read as typeof frame).bytes), "..******..");
  }
  const { reason, headers } = redacted(whole, { secrets }) as typeof whole;
  assert.deepEqual([reason, headers], ["******", ["x", "******"]]);
});

Deno.test("a short token leaves the frame's own bytes alone", () => {
  // 0x74 is both "t" and the head of a text of 20 characters.
  const frame = request(["a".repeat(20), "t".repeat(20)]);
  assert.deepEqual(redacted(frame, { secrets: ["t"] }), request(["a".repeat(20), "*".repeat(20)]));
});

Deno.test("whatever headers are sent, redaction changes the secret values alone", () => {
  const name = fc.constantFrom("cookie", "Cookie", "x-other", "set-cookie", "été", "");
  const pairs = fc.array(fc.tuple(name, fc.string({ unit: "grapheme" })), { maxLength: 40 });
  fc.assert(fc.property(pairs, (headers) => {
    const read = redacted(request(headers.flat()));
    const expected = headers.flatMap(([name, value]) =>
      /^(set-)?cookie$/i.test(name)
        ? [name, "*".repeat(new TextEncoder().encode(value).length)]
        : [name, value]
    );
    assert.deepEqual(read, request(expected));
  }));
});
