import type { Command } from "commander";

/** A command's flags as the rows of a Markdown table: flag, default, meaning. */
export function flagTable(command: Command): string {
  const rows = command.options.map((option) => {
    const value = option.defaultValueDescription ??
      (isShown(option.defaultValue) ? String(option.defaultValue) : "");
    const choices = option.argChoices === undefined ? "" : ` (${option.argChoices.join(", ")})`;
    return `| \`${option.flags}\` | ${value === "" ? "" : `\`${value}\``} | ${
      cell(option.description)
    }${choices} |`;
  });
  return ["| flag | default | |", "| --- | --- | --- |", ...rows].join("\n");
}

function isShown(value: unknown): boolean {
  return typeof value === "string" || typeof value === "number";
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "\\<");
}
