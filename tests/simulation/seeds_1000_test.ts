import { simulateSeeds } from "./seeds.ts";

Deno.test("nothing is lost, doubled or left over in the simulated worlds 1000 to 1499", () => {
  simulateSeeds(1000, 500);
});
