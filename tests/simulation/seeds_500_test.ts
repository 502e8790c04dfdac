import { simulateSeeds } from "./seeds.ts";

Deno.test("nothing is lost, doubled or left over in the simulated worlds 500 to 999", () => {
  simulateSeeds(500, 500);
});
