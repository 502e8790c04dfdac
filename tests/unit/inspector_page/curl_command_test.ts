import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import type { BodyJson, ExchangeDetail } from "../../../lib/inspector/api_shapes.ts";
import { curlCommand } from "../../../lib/inspector/page/model/curl_command.js";

const gateway = { url: "http://localhost:8080/" };
const noBody: BodyJson = { bytes: 0, keptBytes: 0, unpacked: null, text: "", base64: null };

function request(more: Partial<ExchangeDetail> = {}): ExchangeDetail {
  return {
    kind: "http",
    method: "GET",
    target: "/",
    requestHeaders: [["Host", "localhost:8080"], ["User-Agent", "test"], ["Accept", "*/*"]],
    requestBody: noBody,
    ...more,
  } as ExchangeDetail;
}

function textBody(text: string): BodyJson {
  const bytes = new TextEncoder().encode(text).length;
  return { bytes, keptBytes: bytes, unpacked: null, text, base64: null };
}

function binaryBody(bytes: Uint8Array): BodyJson {
  const base64 = btoa(String.fromCharCode(...bytes));
  return { bytes: bytes.length, keptBytes: bytes.length, unpacked: null, text: null, base64 };
}

/** What `sh` makes of a command line: the words that curl gets, and its standard input. */
async function run(command: string): Promise<{ words: string[]; input: Uint8Array }> {
  const folder = await Deno.makeTempDir();
  try {
    // Only what curl is given is of interest: a shell function takes its place.
    const script = `curl() { printf '%s\\0' "$@" > words; cat > input; }\n${command} < /dev/null`;
    const piped = command.startsWith("printf ") ? script.replace(/ < \/dev\/null$/, "") : script;
    const { success, stderr } = await new Deno.Command("sh", {
      args: ["-c", piped],
      cwd: folder,
      env: { LC_ALL: "C.UTF-8" },
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr) + piped);
    const words = latin1Of(await Deno.readFile(`${folder}/words`));
    return { words: words.split("\0").slice(0, -1), input: await Deno.readFile(`${folder}/input`) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Bytes as a head has them: one character each. */
function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

/** UTF-8 as the shell hands it on, seen byte by byte. */
function bytesOf(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

function headersOf(words: string[]): string[] {
  return words.filter((_, i) => words[i - 1] === "--header");
}

Deno.test("a plain request is a plain line", () => {
  assert.equal(
    curlCommand(request({ target: "/a?b=1&c=2" }), gateway).text,
    "curl \\\n  'http://localhost:8080/a?b=1&c=2' \\\n  --header 'User-Agent: test' \\\n  --header 'Accept: */*'",
  );
});

Deno.test("whatever is in a header reaches curl as it is, and no word of it is run by the shell", async () => {
  const hostile = [
    "$(touch pwned)",
    "`touch pwned`",
    "'; touch pwned; '",
    '"; touch pwned',
    "a\\",
    "!!",
    "%s%n",
    "\xe9\x9b\x00".slice(0, 2),
  ];
  for (const value of hostile) {
    const headers: [string, string][] = [["Host", "localhost:8080"], ["X-Evil", value]];
    const { words } = await run(curlCommand(request({ requestHeaders: headers }), gateway).text);
    assert.ok(headersOf(words).includes(`X-Evil: ${value}`), value);
  }
});

/** A byte of a header or target as HTTP allows it and beyond: everything but NUL, CR and LF. */
const latin1 = fc.integer({ min: 1, max: 255 }).filter((code) => code !== 10 && code !== 13)
  .map((code) => String.fromCharCode(code));

Deno.test("target, method, headers and text bodies survive every quoting, byte for byte", async () => {
  const parts = fc.record({
    method: fc.string({ unit: latin1, minLength: 1, maxLength: 8 }),
    target: fc.string({ unit: latin1, maxLength: 30 }).map((rest) => `/${rest}`),
    value: fc.string({ unit: latin1, minLength: 1, maxLength: 40 }),
    body: fc.string({ unit: "binary", minLength: 1, maxLength: 60 }).filter((text) =>
      !text.includes("\0") && text.isWellFormed()
    ),
  });
  await fc.assert(
    fc.asyncProperty(parts, async ({ method, target, value, body }) => {
      const { text } = curlCommand(
        request({
          method,
          target,
          requestHeaders: [["Host", "localhost:8080"], ["X-A", value]],
          requestBody: textBody(body),
        }),
        gateway,
      );
      const { words, input } = await run(text);
      const sentTarget = words.includes("--request-target")
        ? words[words.indexOf("--request-target") + 1]
        : words[0].slice("http://localhost:8080".length);
      assert.equal(sentTarget, target);
      if (method !== "POST") assert.equal(words[words.indexOf("--request") + 1], method);
      assert.ok(headersOf(words).includes(`X-A: ${value}`));
      const sent = words.includes("--data-raw") ? words[words.indexOf("--data-raw") + 1] : latin1Of(input);
      assert.deepEqual(
        [...sent].map((c) => c.codePointAt(0)),
        [...bytesOf(body)].map((c) => c.codePointAt(0)),
      );
    }),
    { numRuns: 60 },
  );
});

Deno.test("bytes that are no text go through a pipe, each of them", async () => {
  const bytes = Uint8Array.from({ length: 512 }, (_, i) => i & 0xff);
  const { text } = curlCommand(request({ method: "PUT", requestBody: binaryBody(bytes) }), gateway);
  assert.doesNotMatch(text, /[^\x20-\x7e\n]/);
  assert.deepEqual((await run(text)).input, bytes);
});

Deno.test("a text that would act on the terminal it is pasted into is written in octal", async () => {
  const body = "a\x1b[201~\nrm -rf /\n\u202e";
  const { text } = curlCommand(request({ method: "POST", requestBody: textBody(body) }), gateway);
  assert.ok(!text.includes("\x1b") && !text.includes("\u202e"));
  assert.equal(new TextDecoder().decode((await run(text)).input), body);
});

Deno.test("a body that begins with @ is sent, not taken for the name of a file", async () => {
  const { words } = await run(
    curlCommand(request({ method: "POST", requestBody: textBody("@/etc/passwd") }), gateway).text,
  );
  assert.equal(words[words.indexOf("--data-raw") + 1], "@/etc/passwd");
  assert.ok(!words.includes("--data-binary"));
});

Deno.test("curl adds nothing of its own: headers that were not there are taken out", async () => {
  const bare = request({
    method: "POST",
    requestHeaders: [["Host", "localhost:8080"], ["X-Empty", ""]],
    requestBody: textBody("a"),
  });
  const { words } = await run(curlCommand(bare, gateway).text);
  assert.deepEqual(headersOf(words), ["X-Empty;", "User-Agent:", "Accept:", "Content-Type:"]);
});

Deno.test("headers of the connection are left to curl", async () => {
  const headers: [string, string][] = [
    ["Host", "localhost:8080"],
    ["Connection", "keep-alive"],
    ["Content-Length", "1"],
    ["Transfer-Encoding", "chunked"],
    ["User-Agent", "u"],
    ["Accept", "a"],
  ];
  const { words } = await run(curlCommand(request({ requestHeaders: headers }), gateway).text);
  assert.deepEqual(headersOf(words), ["User-Agent: u", "Accept: a"]);
});

Deno.test("a host that has no place in a URL is sent as a header", async () => {
  const headers: [string, string][] = [["Host", "a@evil.example/$(x)"], ["User-Agent", "u"], ["Accept", "a"]];
  const { words } = await run(curlCommand(request({ requestHeaders: headers }), gateway).text);
  assert.equal(words[0], "http://localhost:8080/");
  assert.deepEqual(headersOf(words)[0], "Host: a@evil.example/$(x)");
});

Deno.test("targets that curl would change are kept from it", () => {
  const optionsOf = (target: string) => curlCommand(request({ target }), gateway).text;
  assert.match(optionsOf("/a/../b"), /--path-as-is/);
  // The newest curl folds these as well.
  for (const target of ["/a/%2e%2E/b", "/a/.%2e", "/%2E?x"]) assert.match(optionsOf(target), /--path-as-is/);
  assert.doesNotMatch(optionsOf("/a.b/..c/%2e%2ed"), /--path-as-is/);
  assert.match(optionsOf("/a[1-3]{x,y}"), /--globoff/);
  assert.match(optionsOf("*"), /'?http:\/\/localhost:8080\/'? \\\n {2}--request-target '\*'/);
  assert.match(optionsOf("/a#b"), /--request-target '\/a#b'/);
});

Deno.test("a request that came by HTTPS goes by HTTPS", () => {
  const headers: [string, string][] = [["Host", "shop.example.com"], ["X-Forwarded-Proto", "https"]];
  assert.match(
    curlCommand(request({ requestHeaders: headers }), gateway).text,
    /https:\/\/shop\.example\.com\//,
  );
});

Deno.test("a POST without a body says so, as it did: some servers ask for its length", async () => {
  const headers: [string, string][] = [["Content-Length", "0"], ["User-Agent", "u"], ["Accept", "a"]];
  const empty = request({ method: "POST", requestHeaders: headers });
  const { words } = await run(curlCommand(empty, gateway).text);
  assert.deepEqual(headersOf(words), ["Content-Length: 0", "User-Agent: u", "Accept: a"]);
});

Deno.test("HEAD does not wait for a body", () => {
  assert.match(curlCommand(request({ method: "HEAD" }), gateway).text, /--head/);
});

Deno.test("a handshake keeps its headers", () => {
  const headers: [string, string][] = [["Host", "h"], ["Connection", "Upgrade"], ["Upgrade", "websocket"]];
  const { text } = curlCommand(request({ kind: "websocket", requestHeaders: headers }), gateway);
  assert.match(text, /'Connection: Upgrade'/);
  assert.match(text, /'Upgrade: websocket'/);
});

Deno.test("what differs from the request is said: a cut body, a coding undone", () => {
  const body = { ...textBody("abc"), bytes: 70_000, unpacked: "gzip" };
  const headers: [string, string][] = [["Host", "h"], ["Content-Encoding", "gzip"]];
  const { text, notes } = curlCommand(
    request({ method: "POST", requestHeaders: headers, requestBody: body }),
    gateway,
  );
  assert.deepEqual(notes, [
    "only 3 of the body's 70000 bytes were kept",
    "the body is sent without its gzip coding",
  ]);
  assert.doesNotMatch(text, /Content-Encoding/);
});
