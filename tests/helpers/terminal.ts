import type { Terminal, TextOutput } from "../../lib/cli/terminal.ts";

/** An output that keeps what was written. */
export interface KeptOutput extends TextOutput {
  text: string;
}

/** A terminal that keeps what was written to it. */
export interface KeptTerminal extends Terminal {
  readonly stdout: KeptOutput;
  readonly stderr: KeptOutput;
}

function keptOutput(properties: Partial<TextOutput>): KeptOutput {
  const output: KeptOutput = {
    ...properties,
    text: "",
    write(text: string) {
      output.text += text;
    },
  };
  return output;
}

/** Makes a terminal for tests; `properties` say what its error output is. */
export function keptTerminal(
  properties: Partial<TextOutput> = {},
): KeptTerminal {
  return {
    stdout: keptOutput({}),
    stderr: keptOutput(properties),
    stop: new AbortController().signal,
    signal: new AbortController().signal,
    env: {},
  };
}
