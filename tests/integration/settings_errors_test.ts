import { startGateway } from "../support/processes.ts";
import { assertUsageError } from "../support/usage_error.ts";

const runnerArgs = [
  "runner",
  "--gateway-url",
  "ws://127.0.0.1:9",
  "--target",
  "http://127.0.0.1:9",
  "--token",
  "t",
];

/** Arguments that cannot be served, and what the one line about them must say: what is wrong, what is accepted. */
const badArguments: [what: string, args: string[], says: RegExp][] = [
  ["an unknown command", ["gatewai"], /unknown command 'gatewai'.*gateway/],
  [
    "a command like no other",
    ["nope"],
    /unknown command 'nope'; accepted are gateway, runner, ping-probe, replay\n$/,
  ],
  ["help on a command like no other", ["help", "nope"], /unknown command 'nope'; accepted are gateway, /],
  ["an unknown flag", ["gateway", "--prot", "80"], /unknown option '--prot'.*--port/],
  ["a flag without its value", ["gateway", "--port"], /--port <port>.*argument missing/],
  ["an argument too many", ["gateway", "extra"], /too many arguments/],
  ["a port that is no number", ["gateway", "--port", "http"], /--port.*'http'.*0 .*to 65535/],
  ["a port out of range", ["gateway", "--port", "65536"], /--port.*'65536'.*0 .*to 65535/],
  ["a duration without a unit", ["gateway", "--ping-interval", "3"], /--ping-interval.*'3'.*ms, s, m, h/],
  ["a duration of words", ["gateway", "--drain-timeout", "soon"], /--drain-timeout.*'soon'.*ms, s, m, h/],
  ["a negative duration", ["gateway", "--drain-timeout=-1s"], /--drain-timeout.*'-1s'.*ms, s, m, h/],
  [
    "a duration too long for a timer",
    ["gateway", "--resume-window", "600h"],
    /--resume-window.*'600h'.*at most 596h/,
  ],
  ["a ping interval of 0", ["gateway", "--ping-interval", "0s"], /--ping-interval.*longer than 0/],
  [
    "a ping timeout below the interval",
    ["gateway", "--ping-interval", "5s", "--ping-timeout", "5s"],
    /--ping-timeout \(5000ms\) must be longer than --ping-interval/,
  ],
  ["a size with an unknown unit", ["gateway", "--max-message", "1MB"], /--max-message.*'1MB'.*KiB, MiB, GiB/],
  ["no room for a message", ["gateway", "--max-message", "0"], /--max-message.*'0'.*larger than 0/],
  ["no room for the origin's message", withRunner("--max-message", "0B"), /--max-message.*larger than 0/],
  ["a domain with a slash", ["gateway", "--domain", "a/b"], /--domain.*'a\/b'.*labels/],
  [
    "an unknown log level",
    ["gateway", "--log-level", "loud"],
    /--log-level.*'loud'.*debug, info, warn, error/,
  ],
  ["an unknown log format", ["gateway", "--log-format", "xml"], /--log-format.*'xml'.*text, json/],
  ["an unknown wake mode", ["gateway", "--wake", "never"], /--wake.*'never'.*any, same/],
  ["a token with a space", ["gateway", "--token", "a b"], /--token.*without spaces/],
  ["an empty token", ["gateway", "--token", ""], /--token.*1 to 1024/],
  [
    "a token twice",
    ["gateway", "--token", "a", "--token-file", "b"],
    /--token and --token-file exclude each other/,
  ],
  [
    "a certificate without its key",
    ["gateway", "--tls-cert", "deno.json"],
    /--tls-cert and --tls-key belong together/,
  ],
  [
    "a key without its certificate",
    ["gateway", "--tls-key", "deno.json"],
    /--tls-cert and --tls-key belong together/,
  ],
  [
    "an address that is none",
    ["gateway", "--port", "0", "--hostname", "256.1.1.1"],
    /listen on "256\.1\.1\.1", which is no address: --hostname takes/,
  ],
  ["an empty address", ["gateway", "--port", "0", "--hostname", ""], /--hostname is empty/],
  ["an empty directory for captures", ["gateway", "--port", "0", "--capture", ""], /--capture is empty/],
  ["an empty config file name", ["gateway", "--config", ""], /--config is empty/],
  [
    "an address of another machine",
    ["gateway", "--port", "0", "--hostname", "192.0.2.1"],
    /192\.0\.2\.1, which is no address of this machine: --hostname takes/,
  ],
  [
    "a certificate file that is not there",
    tls("missing.pem", "deno.json"),
    /certificate missing\.pem: there is no such/,
  ],
  [
    "a key file that is not there",
    tls("deno.json", "missing.pem"),
    /private key missing\.pem: there is no such/,
  ],
  [
    "a capture in a directory that cannot be made",
    ["gateway", "--capture", "deno.json/captures"],
    /cannot write the capture deno\.json\/captures\/.*: a part of its path is a file/,
  ],
  [
    "a runner's capture that is a directory",
    withRunner("--capture", "/proc/nowhere/run.tunnelcap"),
    /cannot write the capture \/proc\/nowhere\/run\.tunnelcap: (?:there is no such|permission denied)/,
  ],
  ["help on what is no command", ["help", "gatewai"], /unknown command 'gatewai'.*gateway/],
  [
    "a config file that is not there",
    ["gateway", "--config", "missing.json"],
    /missing\.json: there is no such file/,
  ],
  ["a config file that is a directory", ["gateway", "--config", "lib"], /lib: it is a directory/],
  [
    "a token file that is not there",
    ["gateway", "--token-file", "missing"],
    /token file missing: there is no such/,
  ],
  ["a runner without a gateway", ["runner"], /--gateway-url is missing.*ws:\/\//],
  [
    "a runner without a target",
    ["runner", "--gateway-url", "ws://127.0.0.1:9"],
    /--target is missing.*http:\/\//,
  ],
  ["a runner without a token", runnerArgs.slice(0, 5), /--token is missing/],
  [
    "a gateway URL that is none",
    withRunner("--gateway-url", "nowhere"),
    /--gateway-url.*'nowhere'.*ws:\/\/HOST:PORT/,
  ],
  [
    "a gateway URL of another scheme",
    withRunner("--gateway-url", "ftp://a"),
    /--gateway-url.*'ftp:\/\/a'.*ws:\/\//,
  ],
  [
    "a gateway URL with a user",
    withRunner("--gateway-url", "ws://u:p@a"),
    /--gateway-url.*without user name/,
  ],
  ["a target that is no URL", withRunner("--target", "3000"), /--target.*'3000'.*http:\/\/HOST:PORT/],
  [
    "a target of another scheme",
    withRunner("--target", "ws://a"),
    /--target.*'ws:\/\/a'.*http:\/\/HOST:PORT/,
  ],
  ["a target with a query", withRunner("--target", "http://a/?b"), /--target.*without user name or query/],
  ["a runner name with a dot", withRunner("--name", "a.b"), /--name.*'a\.b'.*runner's name is/],
  ["a name to redact without a capture", withRunner("--redact", "key"), /--redact is for --capture/],
  ["a size of captures without one", ["gateway", "--capture-max", "1MiB"], /--capture-max is for --capture/],
  ["an admin token without a port", withRunner("--admin-token", "t"), /--admin-token is for --admin-port/],
  [
    "an admin address without a port",
    ["gateway", "--admin-port", "0", "--admin-hostname", "::1"],
    /--admin-hostname is for --admin-port, which is 0 here: give a port, or any/,
  ],
  [
    "a look at no certificate",
    ["gateway", "--tls-reload", "5s"],
    /--tls-reload is for --tls-cert and --tls-key/,
  ],
  ["an unknown Host mode", withRunner("--host-header", "drop"), /--host-header.*'drop'.*preserve, rewrite/],
  [
    "a CA file that is not there",
    withRunner("--ca-file", "missing.pem"),
    /CA file missing\.pem: there is no such/,
  ],
];

function tls(cert: string, key: string): string[] {
  return ["gateway", "--tls-cert", cert, "--tls-key", key];
}

function withRunner(...args: string[]): string[] {
  return [...runnerArgs, ...args];
}

for (const [what, args, says] of badArguments) {
  Deno.test(`${what}: one line that says so, and exit 2`, async () => {
    await assertUsageError(args, says);
  });
}

Deno.test("a port in use: one line with the port and the way out, and exit 2", async () => {
  await using gateway = await startGateway();
  const args = ["gateway", "--hostname", "127.0.0.1", "--port", String(gateway.port)];
  await assertUsageError(args, new RegExp(`port ${gateway.port} is in use.*--port`));
});

Deno.test("a bad value in the environment is told like one of a flag, with the variable's name", async () => {
  await assertUsageError(["gateway"], /TUNNEL_PORT.*0 .*to 65535/, { TUNNEL_PORT: "many" });
  await assertUsageError(["gateway"], /TUNNEL_PING_INTERVAL.*ms, s, m, h/, { TUNNEL_PING_INTERVAL: "3" });
  await assertUsageError(["gateway"], /TUNNEL_LOG_LEVEL.*debug, info, warn, error/, {
    TUNNEL_LOG_LEVEL: "loud",
  });
});

Deno.test("an empty variable of the environment is told by its name, and switches nothing on", async () => {
  for (const name of ["TUNNEL_CAPTURE", "TUNNEL_CONFIG", "TUNNEL_TOKEN_FILE", "TUNNEL_ADMIN_HOSTNAME"]) {
    const says = new RegExp(`${name} is empty: give it a value, or leave it out`);
    await assertUsageError(["gateway", "--port", "0", "--admin-port", "0"], says, { [name]: "" });
  }
});

/** Configuration files that cannot be served. */
const badConfigs: [what: string, text: string, says: RegExp][] = [
  ["is no JSON", "{port: 80}", /is not JSON/],
  ["is empty", "", /is not JSON/],
  ["holds a list", "[8080]", /JSON object such as \{"port": 8080\}/],
  ["has an unknown setting", '{"prot": 8080}', /unknown setting "prot"; accepted are .*port/],
  ["has an empty path", '{"capture": ""}', /"capture" of the config file is empty/],
  ["has a bad port", '{"port": 70000}', /"port" is "70000".*0 .*to 65535/],
  ["has a bad duration", '{"ping-interval": 3}', /"ping-interval" is "3".*ms, s, m, h/],
  [
    "has a bad choice",
    '{"log-level": "loud"}',
    /"log-level" is "loud"; accepted are debug, info, warn, error/,
  ],
  ["has a list for a value", '{"domain": ["a"]}', /"domain" must be a string or a number/],
  [
    "names a bad header among others",
    '{"redact": ["x-key", "a b"]}',
    /"redact" is "a b": .*such as x-api-key/,
  ],
  ["has a list in a list", '{"redact": [["x-key"]]}', /"redact" must be a string, or an array of them/],
  ["has text for a switch", '{"trust-forwarded": "yes"}', /"trust-forwarded" must be true or false/],
];

for (const [what, text, says] of badConfigs) {
  Deno.test(`a config file that ${what}: one line that says so, and exit 2`, async () => {
    const file = await Deno.makeTempFile({ suffix: ".json" });
    try {
      await Deno.writeTextFile(file, text);
      await assertUsageError(["gateway", "--config", file], says);
    } finally {
      await Deno.remove(file);
    }
  });
}

Deno.test("a token file without a token: one line with the file's name, and exit 2", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, "\n");
    await assertUsageError(["gateway", "--token-file", file], new RegExp(`${file}.*1 to 1024`));
  } finally {
    await Deno.remove(file);
  }
});
