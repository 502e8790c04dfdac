import assert from "node:assert/strict";
import { join } from "node:path";
import { runtimeFlags } from "../../packaging/compile.ts";
import { replay, temporaryDirectory } from "../support/captures.ts";
import { ChildProcess } from "../support/processes.ts";
import { captureClients, startOrigin } from "../support/replays.ts";

Deno.test("flags that would be in vain are refused, and what they are for is said", async () => {
  const cases: [string[], RegExp][] = [
    [["--speed", "2x"], /--speed is for --to and --serve$/],
    [["--ca-file", "ca.pem", "--check"], /--ca-file is for --to and --serve$/],
    [["--timeout", "3s"], /--timeout is for --to: give the origin that requests are sent to$/],
    [["--path", ""], /A path begins with a slash or \*, such as /],
    [["--path", "api/*"], /argument 'api\/\*' is invalid\. A path begins with a slash or \*, such as /],
    [
      ["--since", "70"],
      /'70' is invalid\. A moment is a time after the beginning, such as 1\.5s, or a date and time/,
    ],
    [
      ["--since", "5s", "--until", "1s"],
      /--since is later than --until: what lies between them is asked for$/,
    ],
    [
      ["--since", "2026-07-30T10:22:33Z", "--until", "2026-07-30T10:22:32Z"],
      /--since is later than --until: /,
    ],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await replay(["run.tunnelcap", ...args]);
    assert.deepEqual([code, stdout], [2, ""], args.join(" "));
    assert.match(stderr.trimEnd(), /^error: [^\n]*$/);
    assert.match(stderr.trimEnd(), message);
  }
});

Deno.test({
  name: "a capture and a HAR are sent from a pipe as from a file; a directory is refused",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using directory = await temporaryDirectory();
    const file = await captureClients(directory.path, async (gateway) => {
      await (await fetch(`${gateway.url}/stable`)).arrayBuffer();
    });
    const har = join(directory.path, "run.har");
    assert.equal((await replay([file, "--har", har])).code, 0);
    await using origin = await startOrigin();
    for (const input of [file, har]) {
      const command = [Deno.execPath(), "run", "--quiet", ...runtimeFlags, "main.ts", "replay", "/dev/fd/3"];
      const script = 'cat "$1" | { shift; exec "$@" 3<&0 </dev/null; }';
      const args = ["-c", script, "sh", input, ...command, "--to", origin.url];
      await using process = new ChildProcess("sh", args);
      const { code } = await process.status();
      assert.deepEqual([code, process.stderr], [0, ""], input);
      assert.match(process.stdout, /\nresult +1 same, 0 differ, 0 failed, 0 skipped\n/);
    }
    const folder = await replay([directory.path, "--to", origin.url]);
    assert.deepEqual([folder.code, folder.stdout], [2, ""]);
    assert.match(folder.stderr, /^error: cannot read .*: it is a directory\n$/);
  },
});
