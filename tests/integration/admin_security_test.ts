import assert from "node:assert/strict";
import { adminUrl, api, withAdmin } from "../support/admin.ts";
import { fetchOnce } from "../support/fetch_once.ts";
import { type ChildProcess, testToken } from "../support/processes.ts";
import { field, rawRequest, type RawResponse, textOf } from "../support/raw_http.ts";
import { sharedStack, type Stack, startStack } from "../support/stack.ts";
import { assertUsageError } from "../support/usage_error.ts";

const stack = sharedStack({ gatewayArgs: withAdmin, runnerArgs: withAdmin });
const adminToken = "an-admin-token-of-some-length";

async function portOf(process: ChildProcess): Promise<number> {
  return Number(new URL(await adminUrl(process)).port);
}

/** One request with exactly these header lines. */
async function ask(process: ChildProcess, line: string, headers: readonly string[]): Promise<RawResponse> {
  const head = [`${line} HTTP/1.1`, ...headers, "Connection: close", "", ""].join("\r\n");
  return await rawRequest(await portOf(process), head);
}

function errorOf(response: RawResponse): string {
  return JSON.parse(textOf(response)).error;
}

const ends: [name: string, process: (of: Stack) => ChildProcess][] = [
  ["gateway", ({ gateway }) => gateway.process],
  ["runner", ({ runner }) => runner],
];

Deno.test("the admin port is on loopback, and on the one address asked for alone", async () => {
  for (const [, process] of ends) {
    const url = new URL(await adminUrl(process(stack)));
    assert.equal(url.hostname, "127.0.0.1");
    // Another address of this machine, that a port on all of them would answer.
    const elsewhere = Deno.connect({ hostname: "127.0.0.2", port: Number(url.port) });
    await assert.rejects(elsewhere, Deno.errors.ConnectionRefused);
  }
});

Deno.test("a gateway or runner refuses to open its admin port to others without a token", async () => {
  const says = /^error: --admin-token is missing: .*loopback/;
  const runner = [
    "runner",
    "--gateway-url",
    "ws://127.0.0.1:9",
    "--target",
    "http://127.0.0.1:9",
    "--token",
    "t",
  ];
  for (const command of [["gateway", "--port", "0"], runner]) {
    for (const hostname of ["0.0.0.0", "::", "192.0.2.1", "example.com"]) {
      await assertUsageError([...command, "--admin-port", "any", "--admin-hostname", hostname], says);
    }
  }
});

Deno.test("on another address the token opens everything, and nothing else opens anything", async () => {
  const args = [...withAdmin, "--admin-hostname", "0.0.0.0", "--admin-token", adminToken];
  await using open = await startStack({ gatewayArgs: args, runnerArgs: args });
  const paths = [
    "/metrics",
    "/api/status",
    "/api/requests",
    "/api/links",
    "/api/streams",
    "/api/events",
    "/api/no",
  ];
  const wrong = [
    [],
    ["Authorization: Bearer wrong"],
    [`Authorization: Bearer ${adminToken}x`],
    [`Authorization: Bearer ${adminToken.slice(0, -1)}`],
    ["Authorization: Bearer "],
    [`Authorization: Basic ${btoa(`admin:${adminToken}`)}`],
    [`Authorization: ${adminToken}`],
    [`Cookie: token=${adminToken}`],
    // The runners' token is another matter.
    [`Authorization: Bearer ${testToken}`],
  ];
  for (const [, process] of ends) {
    const end = process(open);
    for (const path of paths) {
      for (const headers of wrong) {
        const response = await ask(end, `GET ${path}?token=${adminToken}`, [
          "Host: gateway.example",
          ...headers,
        ]);
        assert.equal(response.status, 401, `${path} ${headers}`);
        assert.equal(field(response, "www-authenticate"), "Bearer");
        assert.equal(errorOf(response), "wrong_token");
        assert.doesNotMatch(textOf(response), new RegExp(adminToken));
      }
    }
    for (const line of ["POST /api/drain", "DELETE /api/links/1", "POST /api/requests/1/replay"]) {
      assert.equal((await ask(end, line, ["Host: gateway.example"])).status, 401, line);
    }
    const right = [`Host: gateway.example`, `Authorization: Bearer ${adminToken}`];
    for (const path of ["/metrics", "/api/status", "/api/requests"]) {
      assert.equal((await ask(end, `GET ${path}`, right)).status, 200, path);
    }
    // The page itself holds nothing: it asks whoever opens it for the token.
    const page = await ask(end, "GET /", ["Host: gateway.example"]);
    assert.equal(page.status, 200);
    assert.match(field(page, "content-type")!, /^text\/html/);
    assert.doesNotMatch(end.stdout + end.stderr, new RegExp(adminToken));
  }
});

Deno.test("a token that is given on loopback is asked for there, too", async () => {
  await using guarded = await startStack({ gatewayArgs: [...withAdmin, "--admin-token", adminToken] });
  const { process } = guarded.gateway;
  assert.equal((await api(process, "status")).status, 401);
  const headers = { authorization: `bearer ${adminToken}` };
  assert.equal((await api(process, "status", { headers })).status, 200);
});

const hosts: [host: string, status: number][] = [
  ["localhost", 200],
  ["LOCALHOST:4040", 200],
  ["127.0.0.1", 200],
  ["127.0.0.1:80", 200],
  ["127.0.0.53:4040", 200],
  ["[::1]:4040", 200],
  ["evil.example", 421],
  ["localhost.evil.example", 421],
  ["127.0.0.1.evil.example", 421],
  ["evil.localhost.example:4040", 421],
  ["user@localhost", 421],
  ["192.168.1.10:4040", 421],
  ["0.0.0.0", 421],
  ["[::2]", 421],
  ["", 421],
];

for (const [host, status] of hosts) {
  Deno.test(`a loopback port asked for as "${host}" answers ${status}`, async () => {
    for (const [, process] of ends) {
      for (const path of ["/", "/metrics", "/api/status"]) {
        assert.equal((await ask(process(stack), `GET ${path}`, [`Host: ${host}`])).status, status, path);
      }
    }
  });
}

Deno.test("a Host that is none is the asker's mistake, and no error of the gateway's", async () => {
  const { process } = stack.gateway;
  for (const host of ["a b", "[::1", "localhost:99999999", "<script>"]) {
    const response = await ask(process, "GET /api/status", [`Host: ${host}`]);
    assert.ok(response.status === 400 || response.status === 421, `${host}: ${response.status}`);
  }
  assert.doesNotMatch(process.stderr, /admin\.failed/);
});

/** What a browser sends with what a page of another site makes it do. */
const foreign: [what: string, headers: readonly string[]][] = [
  ["a page of another site", ["Origin: http://evil.example"]],
  ["a page of another site over TLS", ["Origin: https://evil.example"]],
  ["a sandboxed frame or a local file", ["Origin: null"]],
  ["another port of this machine", ["Origin: http://localhost:1"]],
  ["a name that begins like this machine's", ["Origin: http://localhost.evil.example"]],
  ["an image or script tag of another site", ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"]],
  ["a sibling site", ["Sec-Fetch-Site: same-site"]],
  ["a form of another site", [
    "Origin: http://evil.example",
    "Sec-Fetch-Site: cross-site",
    "Sec-Fetch-Mode: navigate",
    "Content-Type: application/x-www-form-urlencoded",
  ]],
];

for (const [what, headers] of foreign) {
  Deno.test(`neither reads nor writes are served to ${what}`, async () => {
    for (const [, process] of ends) {
      const end = process(stack);
      const host = `Host: localhost:${await portOf(end)}`;
      const { links: [{ id }] } = (await api<{ links: { id: string }[] }>(end, "links")).body;
      const lines = [
        "GET /api/requests",
        "GET /api/events",
        "GET /metrics",
        "POST /api/drain",
        `DELETE /api/links/${id}`,
      ];
      for (const line of lines) {
        const response = await ask(end, line, [host, ...headers]);
        assert.equal(response.status, 403, line);
        assert.equal(errorOf(response), "foreign_origin");
        assert.equal(field(response, "access-control-allow-origin"), undefined);
      }
      const { body } = await api<{ links: { id: string; linkCount: number }[] }>(end, "links");
      assert.deepEqual(body.links.map(({ linkCount }) => linkCount), [1], "no link was dropped");
      assert.equal((await api<{ draining: boolean }>(end, "status")).body.draining, false);
    }
  });
}

Deno.test("the port's own page, curl and a typed address are served", async () => {
  const end = stack.gateway.process;
  const host = `localhost:${await portOf(end)}`;
  const own = [
    [],
    [`Origin: http://${host}`, "Sec-Fetch-Site: same-origin"],
    ["Sec-Fetch-Site: same-origin"],
    ["Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate"],
  ];
  for (const headers of own) {
    assert.equal(
      (await ask(end, "GET /api/requests", [`Host: ${host}`, ...headers])).status,
      200,
      `${headers}`,
    );
  }
});

Deno.test("a preflight gets no leave from anybody", async () => {
  const end = stack.gateway.process;
  const response = await ask(end, "OPTIONS /api/drain", [
    `Host: localhost:${await portOf(end)}`,
    "Origin: http://evil.example",
    "Access-Control-Request-Method: POST",
  ]);
  assert.equal(response.status, 403);
  assert.deepEqual(response.headers.filter((name) => /^access-control/i.test(name)), []);
});

Deno.test("every answer keeps browsers from running, framing, guessing or storing it", async () => {
  const end = stack.gateway.process;
  const answers = [
    await ask(end, "GET /", ["Host: localhost"]),
    await ask(end, "GET /app.js", ["Host: localhost"]),
    await ask(end, "GET /api/requests", ["Host: localhost"]),
    await ask(end, "GET /api/no", ["Host: localhost"]),
    await ask(end, "GET /metrics", ["Host: localhost"]),
    await ask(end, "GET /", ["Host: evil.example"]),
    await ask(end, "GET /", ["Host: a b"]),
    await ask(end, "PUT /api/drain", ["Host: localhost"]),
  ];
  for (const answer of answers) {
    const policy = field(answer, "content-security-policy")!;
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /script-src 'self';/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    assert.equal(field(answer, "x-content-type-options"), "nosniff");
    assert.equal(field(answer, "cache-control"), "no-store");
    assert.equal(field(answer, "referrer-policy"), "no-referrer");
    assert.equal(field(answer, "cross-origin-resource-policy"), "same-origin");
  }
});

/** What there is at a path, and which methods it takes. */
const methods: [path: string, allow: string][] = [
  ["/api/status", "GET"],
  ["/api/links", "GET"],
  ["/api/links/0", "DELETE"],
  ["/api/requests/1", "GET"],
  ["/api/requests/1/replay", "POST"],
  ["/api/drain", "POST"],
  ["/api/events", "GET"],
  ["/metrics", "GET"],
];

for (const [path, allow] of methods) {
  Deno.test(`${path} takes ${allow} alone, and says so`, async () => {
    for (
      const method of ["GET", "POST", "PUT", "DELETE", "PATCH", "TRACE"].filter((method) => method !== allow)
    ) {
      const response = await ask(stack.gateway.process, `${method} ${path}`, [
        "Host: localhost",
        "Content-Length: 0",
      ]);
      assert.equal(response.status, 405, method);
      assert.equal(field(response, "allow"), allow);
    }
    assert.equal((await api<{ draining: boolean }>(stack.gateway.process, "status")).body.draining, false);
  });
}

Deno.test("what is not there is a 404 that names it", async () => {
  const missing = [
    ...[
      "/api",
      "/api/",
      "/api/nothing",
      "/api/status/",
      "/api/status/more",
      "/api//links",
      "/nothing",
      "/app.js/",
    ],
    ...[
      "/api/links/",
      "/api/links/x/rtt",
      "/api/links/x/rtt/more",
      "/api/links/%2e%2e/rtt",
      "/api/streams/9-9",
    ],
    ...[
      "0",
      "-1",
      "1e0",
      "0x1",
      "1.0",
      "01",
      "%31%20",
      "999999",
      "99999999999999999999",
      "NaN",
      "a%00b",
      "1/replay/x",
    ]
      .map((id) => `/api/requests/${id}`),
  ];
  await (await fetchOnce(`${stack.gateway.url}/name`)).text();
  for (const path of missing) {
    const response = await ask(stack.gateway.process, `GET ${path}`, ["Host: localhost"]);
    assert.equal(response.status, 404, path);
    assert.match(errorOf(response), /^no_such_|^not_found$/, path);
  }
  const broken = await ask(stack.gateway.process, "GET /api/streams/%ff", ["Host: localhost"]);
  assert.equal(broken.status, 400);
});

Deno.test("parameters that are not what they should be are refused by name, a limit is capped", async () => {
  const refused: [query: string, says: RegExp][] = [
    ["limit=0", /"limit" is a whole number from 1 on, not "0"/],
    ["limit=-1", /"limit"/],
    ["limit=1e9", /"limit"/],
    ["limit=", /"limit"/],
    ["before=x", /"before"/],
    ["kind=ftp", /"kind" is http or websocket, not "ftp"/],
    ["status=9xx", /"status" is a code such as 404/],
    ["status=2000", /"status"/],
    ["sort=asc", /no parameter "sort": accepted are limit, before, method/],
  ];
  for (const [query, says] of refused) {
    const { status, body } = await api<{ error?: string; message?: string }>(
      stack.gateway.process,
      `requests?${query}`,
    );
    assert.equal(status, 400, query);
    assert.equal(body.error, "bad_parameter");
    assert.match(body.message!, says);
  }
  assert.equal((await api(stack.gateway.process, "requests?limit=999999999")).status, 200);
});
