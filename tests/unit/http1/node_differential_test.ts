import assert from "node:assert/strict";
import fc from "fast-check";
import type { RequestHead, ResponseHead } from "../../../lib/http1/mod.ts";
import { ChildProcess } from "../../support/processes.ts";
import { latin1 } from "./bytes.ts";
import { type Message, readRequests, readResponses } from "./message_reader.ts";
import { body, chunkedBodyWith, fields, plainExtensions, target } from "./messages.ts";

/** What `node_reader.mjs` says of the requests on a connection. */
interface NodeRequests {
  requests: {
    method: string;
    url: string;
    rawHeaders: readonly string[];
    rawTrailers: readonly string[];
    body: string;
  }[];
  error: string | null;
}

/** What it says of a response. */
type NodeResponse = { error: string } | ({ error: null } & NodeMessage);

interface NodeMessage {
  statusCode: number;
  statusMessage: string;
  rawHeaders: readonly string[];
  rawTrailers: readonly string[];
  body: string;
}

interface NodeReader extends AsyncDisposable {
  /** The methods that Node knows; it refuses others. */
  methods: string[];
  read<Reading>(path: string, wire: Uint8Array): Promise<Reading>;
}

/** Node's own parser, in a process of Node's: it shares nothing with what is tested. */
async function startNodeReader(): Promise<NodeReader> {
  const child = new ChildProcess("node", ["tests/unit/http1/node_reader.mjs"]);
  const [, url] = await child.line(/reader on (http:\S+)/);
  const read = async (path: string, wire: Uint8Array) => {
    const response = await fetch(url + path, { method: "POST", body: new Uint8Array(wire) });
    return await response.json();
  };
  return {
    methods: await read("/methods", new Uint8Array(0)),
    read,
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

/**
 * Whether Node refuses what others, such as nginx, take: a method it does not know, bytes in a target that are not
 * ASCII.
 */
function isBeyondNode(head: RequestHead, methods: readonly string[]): boolean {
  return !methods.includes(head.method) || /[^!-~]/.test(head.target);
}

/** Tabs are white space around a value (RFC 9110, 5.6.3), but not for Node in the fields that delimit a body. */
function hasTabInFraming(wire: string): boolean {
  return /(content-length|transfer-encoding):[^\r\n]*\t/i.test(wire);
}

/** A minor version that Node does not know, which is to be taken for the highest that is (RFC 9110, 2.5). */
function hasHigherMinor(wire: string): boolean {
  return /HTTP\/1\.[2-9]/.test(wire);
}

function requestAsNodeHasIt(
  { head, body, trailers }: Message<RequestHead>,
): NodeRequests["requests"][number] {
  return { method: head.method, url: head.target, rawHeaders: head.headers, rawTrailers: trailers, body };
}

function responseAsNodeHasIt({ head, body, trailers }: Message<ResponseHead>): NodeMessage {
  const { status, reason, headers } = head;
  return { statusCode: status, statusMessage: reason, rawHeaders: headers, rawTrailers: trailers, body };
}

/** A semicolon could begin an extension, whose white space Node refuses although RFC 9112, 7.1.1 has it parsed. */
const randomByte = fc.nat(255).filter((code) => code !== 0x3b).map((code) => String.fromCharCode(code));
const edit = fc.record({
  at: fc.nat(),
  remove: fc.nat(2),
  insert: fc.oneof(
    fc.constantFrom(
      "",
      "\r\n",
      "\n",
      "\r",
      " ",
      "\t",
      ":",
      "\0",
      ",",
      "0",
      "1",
      "a",
      "Content-Length: 3\r\n",
    ),
    randomByte,
  ),
});
type Edit = { at: number; remove: number; insert: string };
const edits = fc.array(edit, { minLength: 1, maxLength: 2 });

function edited(wire: string, edits: readonly Edit[]): string {
  for (const { at, remove, insert } of edits) {
    const from = at % (wire.length + 1);
    wire = wire.slice(0, from) + insert + wire.slice(from + remove);
  }
  return wire;
}

const fieldLines = fields.map((flat) => {
  let lines = "";
  for (let i = 0; i < flat.length; i += 2) lines += `${flat[i]}: ${flat[i + 1]}\r\n`;
  return lines;
});

/** The rest of a head and a body that has an end of its own. */
function delimited(extensions: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    body.map((body) => `Content-Length: ${body.length}\r\n\r\n${body}`),
    chunkedBodyWith(extensions).map(({ wire }) => `Transfer-Encoding: chunked\r\n\r\n${wire}A: b\r\n\r\n`),
  );
}

/** Node refuses the other targets. */
const asciiTarget = target.map((target) => target.replaceAll(/[^!-~]/g, ""));

function requestWire(extensions: readonly string[]): fc.Arbitrary<string> {
  return fc.tuple(
    fc.constantFrom("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"),
    fc.oneof(asciiTarget, fc.constantFrom("/", "/a?b=c", "http://a/b?c")),
    fc.constantFrom("1.1", "1.1", "1.1", "1.0"),
    fieldLines,
    fc.oneof(delimited(extensions), fc.constant("\r\n")),
  ).map(([method, target, version, lines, rest]) =>
    `${method} ${target} HTTP/${version}\r\nHost: a\r\n${lines}${rest}`
  );
}

function responseWire(extensions: readonly string[]): fc.Arbitrary<string> {
  const statusLine = fc.constantFrom(
    "HTTP/1.1 200 OK",
    "HTTP/1.1 404 Not Found",
    "HTTP/1.0 200 OK",
    "HTTP/1.1 500 ",
  );
  const bodyless = fc.constantFrom("HTTP/1.1 204 No Content", "HTTP/1.1 304", "HTTP/1.1 304 Not Modified");
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc.tuple(
        statusLine,
        fieldLines,
        fc.oneof(delimited(extensions), body.map((body) => `\r\n${body}`)),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(bodyless, fieldLines, fc.constantFrom("\r\n", "Content-Length: 5\r\n\r\n")),
    },
  ).map(([line, lines, rest]) => `${line}\r\n${lines}${rest}`);
}

Deno.test("a request that is accepted is the one that Node sees", async () => {
  await using node = await startNodeReader();
  const check = async (wire: Uint8Array) => {
    const { messages, end } = readRequests(wire);
    if (typeof end === "object" || messages.some(({ head }) => isBeyondNode(head, node.methods))) {
      return false;
    }
    const { requests } = await node.read<NodeRequests>("/requests", wire);
    // Bytes that begin no message yet are an error to Node, and take along what it has not told of.
    if (end === "incomplete") assert.ok(requests.length <= messages.length);
    else assert.deepEqual(requests, messages.map(requestAsNodeHasIt));
    return end === "clean";
  };
  let accepted = 0;
  const property = fc.asyncProperty(requestWire(plainExtensions), async (wire) => {
    if (await check(latin1(wire))) accepted++;
  });
  await fc.assert(property, { numRuns: 300 });
  assert.ok(accepted > 100, `${accepted} requests were compared`);
  const afterEdits = fc.asyncProperty(requestWire([""]), edits, async (wire, edits) => {
    const changed = edited(wire, edits);
    if (!hasTabInFraming(changed) && !hasHigherMinor(changed)) await check(latin1(changed));
  });
  await fc.assert(afterEdits, { numRuns: 1000 });
});

Deno.test("a response that is accepted is the one that Node sees", async () => {
  await using node = await startNodeReader();
  const check = async (method: string, wire: Uint8Array) => {
    const { messages, end } = readResponses(method, wire);
    // After an interim response Node waits for the final one, as whoever uses the parser has to.
    if (end !== "clean" || messages.length !== 1 || messages[0].head.status < 200) return false;
    const { error, ...theirs } = await node.read<NodeResponse>(`/responses?method=${method}`, wire);
    assert.equal(error, null);
    assert.deepEqual(theirs, responseAsNodeHasIt(messages[0]));
    return true;
  };
  const method = fc.constantFrom("GET", "POST", "HEAD");
  let accepted = 0;
  const property = fc.asyncProperty(method, responseWire(plainExtensions), async (method, wire) => {
    if (await check(method, latin1(wire))) accepted++;
  });
  await fc.assert(property, { numRuns: 300 });
  assert.ok(accepted > 100, `${accepted} responses were compared`);
  const afterEdits = fc.asyncProperty(method, responseWire([""]), edits, async (method, wire, edits) => {
    const changed = edited(wire, edits);
    if (!hasTabInFraming(changed) && !hasHigherMinor(changed)) await check(method, latin1(changed));
  });
  await fc.assert(afterEdits, { numRuns: 1000 });
});
