import { simulateSeeds } from "./seeds.ts";

Deno.test("nothing is lost, doubled or left over in the simulated worlds 0 to 499", () => {
  simulateSeeds(0, 500);
});
