import assert from "node:assert/strict";
import { LogOutput } from "../../../commands/log_output.ts";

/** A disk that has room for so many bytes. */
class Disk {
  text = "";
  room = Infinity;

  writeSync(bytes: Uint8Array): number {
    if (this.room === 0) throw new Error("No space left on device (os error 28)");
    const count = Math.min(this.room, bytes.length, 5);
    this.text += new TextDecoder().decode(bytes.subarray(0, count));
    this.room -= count;
    return count;
  }
}

Deno.test("lines that a target takes in pieces are written whole", () => {
  const disk = new Disk();
  const output = new LogOutput(disk);
  assert.equal(output.write("one line of some length\n"), 0);
  assert.equal(output.write("another\n"), 0);
  assert.equal(disk.text, "one line of some length\nanother\n");
});

Deno.test("lines that cannot be written are counted, and told of by the next that can be, on a line of its own", () => {
  const disk = new Disk();
  const output = new LogOutput(disk);
  output.write("whole\n");
  disk.room = 3;
  assert.equal(output.write("cut off\n"), 0);
  assert.equal(output.write("lost\n"), 0);
  disk.room = Infinity;
  assert.equal(output.write("again\n"), 2);
  assert.equal(output.write("and on\n"), 0);
  assert.equal(disk.text, "whole\ncut\nagain\nand on\n");
});
