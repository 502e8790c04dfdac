import assert from "node:assert/strict";
import { join } from "node:path";
import { captureFiles, stopAndWait, temporaryDirectory } from "../support/captures.ts";
import { startGateway, startRunner } from "../support/processes.ts";
import { captureClients, differencesOf, replayJson, startOrigin } from "../support/replays.ts";
import { UpgradeRefusedError, WsClient } from "../support/ws_client.ts";

/** WebSockets that end in every way there is. */
async function converse(url: string): Promise<void> {
  await assert.rejects(WsClient.open(`${url}/nowhere`), UpgradeRefusedError);
  const news = await WsClient.open(`${url}/news`, { protocols: ["old", "new"] });
  assert.equal((await news.ended()).code, 4321);
  const ticker = await WsClient.open(`${url}/ticker`);
  for (let i = 0; i < 3; i++) await ticker.next();
  await ticker.close(1000, "enough");
  const vanishing = await WsClient.open(`${url}/chat`);
  await vanishing.next();
  await vanishing.send("x".repeat(200_000));
  await vanishing.next();
  vanishing.socket.terminate();
  await vanishing.ended();
  const dying = await WsClient.open(`${url}/dies`);
  assert.equal((await dying.ended()).code, 1006);
  const idle = await WsClient.open(`${url}/chat`);
  await idle.next();
  await idle.close();
}

for (const speed of ["1x", "max"]) {
  Deno.test(`WebSockets end as they ended, whoever ended them, captured by a gateway, at ${speed}`, async () => {
    await using directory = await temporaryDirectory();
    const captures = join(directory.path, "captures");
    await using origin = await startOrigin();
    await using gateway = await startGateway(["--capture", captures]);
    await using runner = await startRunner(gateway.wsUrl, origin.url);
    await converse(gateway.wsUrl);
    await stopAndWait(runner, gateway.process);
    const [file] = captureFiles(captures);
    const { code, exchanges } = await replayJson([file, "--to", origin.url, "--unsafe", "--speed", speed]);
    assert.deepEqual(differencesOf(exchanges), []);
    assert.deepEqual(
      [code, exchanges.map(({ target, result }) => `${target} ${result}`)],
      [0, ["/nowhere", "/news", "/ticker", "/chat", "/dies", "/chat"].map((target) => `${target} same`)],
    );
    assert.deepEqual(exchanges.filter(({ notes }) => notes.length > 0).map(({ target }) => target), [
      "/chat",
    ]);
  });
}

Deno.test("a message too many and another subprotocol are the only differences", async () => {
  await using directory = await temporaryDirectory();
  const file = await captureClients(directory.path, async (gateway) => {
    const client = await WsClient.open(`${gateway.wsUrl}/news`, { protocols: ["old", "new"] });
    await client.ended();
  });
  await using changed = await startOrigin("changed");
  // Its client said nothing: there is nothing unsafe in it.
  const { code, exchanges } = await replayJson([file, "--to", changed.url, "--speed", "max"]);
  assert.deepEqual(differencesOf(exchanges), [
    ["/news", "header sec-websocket-protocol", "new", "old"],
    ["/news", "message 2", null, "extra"],
  ]);
  assert.equal(code, 1);
});

Deno.test("an origin that no longer answers is waited for once, and what it did not say is a difference", async () => {
  await using directory = await temporaryDirectory();
  const file = await captureClients(directory.path, async (gateway) => {
    const client = await WsClient.open(`${gateway.wsUrl}/falls-silent`);
    for (const text of ["a", "b", "c"]) {
      await client.send(text);
      assert.equal(await client.nextText(), text);
    }
    await client.close(1000);
  });
  await using changed = await startOrigin("changed");
  const args = ["--to", changed.url, "--unsafe", "--speed", "max", "--timeout", "200ms"];
  const { exchanges } = await replayJson([file, ...args]);
  assert.deepEqual(differencesOf(exchanges), [
    ["/falls-silent", "message 1", "a", null],
    ["/falls-silent", "message 2", "b", null],
    ["/falls-silent", "message 3", "c", null],
  ]);
});
