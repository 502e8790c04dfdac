import { simulateSeeds } from "./seeds.ts";

Deno.test("nothing is lost, doubled or left over in the simulated worlds 1500 to 1999", () => {
  simulateSeeds(1500, 500);
});
