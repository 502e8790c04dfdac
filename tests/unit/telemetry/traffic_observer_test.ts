import assert from "node:assert/strict";
import {
  bothObservers,
  type ExchangeObserver,
  type ExchangeStart,
  type TrafficObserver,
} from "../../../lib/telemetry/mod.ts";

const start: ExchangeStart = {
  kind: "http",
  method: "GET",
  target: "/",
  headers: [],
  client: "",
  runner: "default",
};

/** Writes down what it is told. */
function recording(name: string, told: string[], follows = true): TrafficObserver {
  const exchange: ExchangeObserver = {
    propagate: (headers) => [...headers, `x-${name}`, "1"],
    opened: (stream) => told.push(`${name} opened ${stream}`),
    requestBody: (bytes) => told.push(`${name} requestBody ${bytes.length}`),
    requestEnd: () => told.push(`${name} requestEnd`),
    responded: (status) => told.push(`${name} responded ${status}`),
    responseBody: (bytes) => told.push(`${name} responseBody ${bytes.length}`),
    message: (direction) => told.push(`${name} message ${direction}`),
    messagesTogether: (direction, { sizes }) => told.push(`${name} messagesTogether ${direction} ${sizes}`),
    closing: (_, code) => told.push(`${name} closing ${code}`),
    linkChanged: (change) => told.push(`${name} linkChanged ${change}`),
    done: ({ status }) => told.push(`${name} done ${status}`),
  };
  return {
    began: () => follows ? exchange : null,
    rtt: (link, rttMs) => told.push(`${name} rtt ${link} ${rttMs}`),
    linkEvent: ({ kind }) => told.push(`${name} linkEvent ${kind}`),
  };
}

Deno.test("two observers are both told of everything, in order, and both add to the headers that go on", () => {
  const told: string[] = [];
  const both = bothObservers(recording("a", told), recording("b", told))!;
  const exchange = both.began(start)!;
  assert.deepEqual(exchange.propagate!(["host", "app"]), ["host", "app", "x-a", "1", "x-b", "1"]);
  exchange.opened("9f3ac01b-1");
  exchange.requestBody(new Uint8Array(1));
  exchange.requestEnd();
  exchange.responded(200, []);
  exchange.responseBody(new Uint8Array(2));
  exchange.message("sent", { binary: true, bytes: new Uint8Array(3), final: true });
  exchange.messagesTogether("received", { binary: false, sizes: [1, 2], bytes: new Uint8Array(3) });
  exchange.closing("received", 1000, "");
  exchange.linkChanged("dropped", "");
  exchange.done({ status: 200, durationMs: 1, problem: null });
  both.rtt!("link", 5);
  both.linkEvent!({ link: "link", runner: "r", kind: "late", detail: "" });
  const what = [
    ...[
      "opened 9f3ac01b-1",
      "requestBody 1",
      "requestEnd",
      "responded 200",
      "responseBody 2",
      "message sent",
      "messagesTogether received 1,2",
      "closing 1000",
    ],
    ...["linkChanged dropped", "done 200", "rtt link 5", "linkEvent late"],
  ];
  assert.deepEqual(told, what.flatMap((each) => [`a ${each}`, `b ${each}`]));
});

Deno.test("an exchange that one of two does not follow is the other's alone, one that neither does is nobody's", () => {
  const told: string[] = [];
  const one = bothObservers(recording("a", told, false), recording("b", told))!.began(start)!;
  one.opened("x");
  assert.deepEqual(told, ["b opened x"]);
  assert.equal(bothObservers(recording("a", told, false), recording("b", told, false))!.began(start), null);
});

Deno.test("one observer stands for itself, none for nobody", () => {
  const alone = recording("a", []);
  assert.equal(bothObservers(alone, undefined), alone);
  assert.equal(bothObservers(undefined, alone), alone);
  assert.equal(bothObservers(undefined, undefined), undefined);
});
