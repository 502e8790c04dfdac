import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { freePorts } from "../bench/free_ports.ts";
import { nginxVersion } from "../bench/nginx.ts";
import { bounded } from "../support/bounded.ts";
import { type Certificates, makeCertificates } from "../support/certificates.ts";
import {
  ChildProcess,
  startGateway,
  startNodeOrigin,
  startRunner,
  startWsOrigin,
} from "../support/processes.ts";
import { WsClient } from "../support/ws_client.ts";

const ignore = nginxVersion() === null;

/** The server that docs/operating.md tells of, with its addresses and files replaced by those of a test. */
async function documentedServer(
  port: number,
  gatewayPort: number,
  certificates: Certificates,
): Promise<string> {
  const page = await Deno.readTextFile(new URL("../../docs/operating.md", import.meta.url));
  let text = /```nginx\n([^]*?)```/.exec(page)![1];
  const replacements: [documented: RegExp, own: string][] = [
    [/server 127\.0\.0\.1:8080;/, `server 127.0.0.1:${gatewayPort};`],
    [/listen 443 ssl;/, `listen 127.0.0.1:${port} ssl;`],
    [/(?<=ssl_certificate +)\S+(?=;)/, certificates.certFile],
    [/(?<=ssl_certificate_key +)\S+(?=;)/, certificates.keyFile],
  ];
  for (const [documented, own] of replacements) {
    assert.match(text, documented);
    text = text.replace(documented, own);
  }
  return text;
}

/** nginx as the page has it, in front of a gateway. */
async function startNginx(port: number, gatewayPort: number, certificates: Certificates) {
  const folder = await Deno.makeTempDir({ prefix: "tunnel-test-nginx-" });
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(" ");
  const user = Deno.uid() === 0 ? "user root;" : "";
  await Deno.writeTextFile(
    `${folder}/nginx.conf`,
    `${user} daemon off; pid ${folder}/pid; error_log stderr notice; events {} http { access_log off; ${temporary}
${await documentedServer(port, gatewayPort, certificates)} }`,
  );
  const process = new ChildProcess("nginx", ["-p", folder, "-c", `${folder}/nginx.conf`]);
  await process.line(/start worker processes/);
  return {
    /** Ends master and workers at once, connections with them. */
    async [Symbol.asyncDispose]() {
      process.signal("SIGTERM");
      await bounded(process.status(), "nginx to end");
      await process[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

Deno.test({
  name:
    "behind nginx as it is documented uploads, streams and WebSockets pass, and origins are told of https",
  ignore,
  fn: async () => {
    await using certificates = await makeCertificates();
    const [port] = freePorts(1);
    await using gateway = await startGateway(["--trust-forwarded"]);
    await using _nginx = await startNginx(port, gateway.port, certificates);
    await using origin = await startNodeOrigin();
    await using wsOrigin = await startWsOrigin();
    const byNginx = ["--ca-file", certificates.caFile];
    await using _http = await startRunner(`wss://127.0.0.1:${port}`, origin.url, byNginx);
    await using _ws = await startRunner(`wss://127.0.0.1:${port}`, wsOrigin.url, [
      ...byNginx,
      "--name",
      "ws",
    ]);
    using client = Deno.createHttpClient({ caCerts: [certificates.ca], poolMaxIdlePerHost: 0 });
    const url = `https://127.0.0.1:${port}`;

    // Three times what nginx takes unless it is told otherwise.
    const body = new Uint8Array(3 * 1024 * 1024).map((_, i) => i % 251);
    const echo = await (await fetch(`${url}/echo`, { client, method: "POST", body })).json();
    assert.equal(echo.sha256, createHash("sha256").update(body).digest("hex"));
    const seen = new Map<string, string>();
    for (let i = 0; i < echo.rawHeaders.length; i += 2) {
      seen.set(echo.rawHeaders[i].toLowerCase(), echo.rawHeaders[i + 1]);
    }
    assert.deepEqual(
      ["x-forwarded-proto", "x-forwarded-host", "host"].map((name) => seen.get(name)),
      ["https", `127.0.0.1:${port}`, `127.0.0.1:${port}`],
    );
    assert.match(seen.get("x-forwarded-for")!, /^127\.0\.0\.1, 127\.0\.0\.1$/);

    const abort = new AbortController();
    const fifth = async () => {
      const events = await fetch(`${url}/events`, { client, signal: abort.signal });
      let text = "";
      for await (const part of events.body!.pipeThrough(new TextDecoderStream())) {
        if ((text += part).includes("data: 5 ")) return;
      }
    };
    try {
      // They come ten a second; a buffer of nginx's would hold two hundred.
      await bounded(fifth(), "five of events that never end", 10_000);
    } finally {
      abort.abort();
    }

    using socket = await WsClient.open(`wss://127.0.0.1:${port}/echo`, {
      headers: { "x-tunnel-runner": "ws" },
      ca: certificates.ca,
    });
    await socket.send("through nginx twice");
    assert.equal(await socket.nextText(), "through nginx twice");
  },
});

Deno.test({
  name: "when the nginx that a link passes through is started again, the streams on it go on",
  ignore,
  fn: async () => {
    await using certificates = await makeCertificates();
    const [port] = freePorts(1);
    await using gateway = await startGateway();
    await using origin = await startWsOrigin();
    const startRunnerByNginx = async () => {
      await using _nginx = await startNginx(port, gateway.port, certificates);
      const runner = await startRunner(`wss://127.0.0.1:${port}`, origin.url, [
        "--ca-file",
        certificates.caFile,
      ]);
      const client = await WsClient.open(`${gateway.wsUrl}/echo`);
      await client.send("before");
      assert.equal(await client.nextText(), "before");
      return { runner, client };
    };
    const started = await startRunnerByNginx();
    await using runner = started.runner;
    using client = started.client;
    await runner.line(/link\.down/);
    await client.send("while nginx is away");
    await using _nginx = await startNginx(port, gateway.port, certificates);
    assert.equal(await client.nextText(), "while nginx is away");
    await runner.line(/resumed=true/);
  },
});
