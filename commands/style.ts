import { styleText } from "node:util";

/** Marks up text for people, or leaves it as it is. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
}

/** @param colour whether escape sequences may be written */
export function makeStyle(colour: boolean): Style {
  const mark = (format: "bold" | "dim" | "green" | "red") => (text: string) =>
    colour ? styleText(format, text, { validateStream: false }) : text;
  return { bold: mark("bold"), dim: mark("dim"), good: mark("green"), bad: mark("red") };
}
