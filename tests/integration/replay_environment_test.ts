import assert from "node:assert/strict";
import { join } from "node:path";
import { replay, temporaryDirectory } from "../support/captures.ts";
import { captureClients } from "../support/replays.ts";

Deno.test("what a variable says of a timeline counts as its flag does, and less than a flag", async () => {
  await using directory = await temporaryDirectory();
  const file = await captureClients(directory.path, async (gateway) => {
    for (const path of ["/stable", "/echo"]) await (await fetch(gateway.url + path)).arrayBuffer();
  });
  const env = { TUNNEL_JSON: "true", TUNNEL_PATH: "/stable" };
  const targets = async (args: string[]) => {
    const { code, stdout, stderr } = await replay([file, ...args], env);
    assert.deepEqual([code, stderr], [0, ""]);
    return JSON.parse(stdout).streams.map(({ target }: { target: string }) => target);
  };
  assert.deepEqual(await targets([]), ["/stable"]);
  assert.deepEqual(await targets(["--path", "/echo"]), ["/echo"]);

  const har = join(directory.path, "run.har");
  const written = await replay([file, "--har", har], { ...env, TUNNEL_CHECK: "yes" });
  assert.deepEqual(
    [written.code, written.stderr],
    [0, ""],
    "what excludes --har in the environment is passed over",
  );
  const { log } = JSON.parse(await Deno.readTextFile(har));
  assert.deepEqual(
    log.entries.map(({ request }: { request: { url: string } }) => new URL(request.url).pathname),
    [
      "/stable",
    ],
  );
});

Deno.test("modes that exclude each other in the environment are refused, by the names of their variables", async () => {
  const cases: [env: Record<string, string>, says: RegExp][] = [
    [{ TUNNEL_CHECK: "1", TUNNEL_SERVE: "1" }, /^error: TUNNEL_CHECK and TUNNEL_SERVE exclude each other: /],
    [{ TUNNEL_TO: "http://a", TUNNEL_HAR: "a.har" }, /^error: TUNNEL_HAR and TUNNEL_TO exclude each other: /],
    [{ TUNNEL_SPEED: "fast" }, /TUNNEL_SPEED.*A speed is a factor such as 1x, 10x/],
    [{ TUNNEL_FRAMES: "maybe" }, /^error: TUNNEL_FRAMES is "maybe"; accepted are /],
  ];
  for (const [env, says] of cases) {
    const { code, stdout, stderr } = await replay(["run.tunnelcap"], env);
    assert.deepEqual([code, stdout], [2, ""], JSON.stringify(env));
    assert.match(stderr, says);
  }
});
