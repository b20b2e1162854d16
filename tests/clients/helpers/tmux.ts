import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runProcess, runWell } from "./start_process.ts";
import { makeTempFolder } from "./temp_folder.ts";

/** A terminal that somebody looks at. */
export interface TmuxTerminal {
  /** What is on the screen, without spaces at the ends of lines and without the empty lines below. */
  screen(): Promise<string[]>;
  /** How many lines have left the screen at the top. */
  scrolledLines(): Promise<number>;
  /** Presses keys, named as tmux names them. */
  press(...keys: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** Opens a terminal in which a shell shows `$`, runs a command and then shows `exit <code>`. */
export async function openTerminal(
  command: readonly string[],
  { columns, rows, cwd }: { columns: number; rows: number; cwd: string },
): Promise<TmuxTerminal> {
  const folder = makeTempFolder();
  const script = join(folder, "run");
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  // The trap keeps the shell alive when Ctrl-C goes to all that runs in the terminal.
  writeFileSync(script, `#!/bin/sh\ntrap : INT\necho "$"\n${quoted}\necho "exit $?"\nsleep 60\n`);
  chmodSync(script, 0o755);
  const tmux = ["tmux", "-f", "/dev/null", "-S", join(folder, "socket")];
  const size = ["-x", String(columns), "-y", String(rows)];
  await runWell([...tmux, "new-session", "-d", "-s", "it", ...size, script], {
    cwd,
    env: { TERM: "xterm-256color", LANG: "C.UTF-8" },
  });
  const show = (format: string) => runWell([...tmux, "display-message", "-p", "-t", "it", format]);
  return {
    screen: async () => {
      const text = await runWell([...tmux, "capture-pane", "-p", "-t", "it"]);
      return text.trimEnd().split("\n").map((line) => line.trimEnd());
    },
    scrolledLines: async () => Number(await show("#{history_size}")),
    press: async (...keys) => {
      await runWell([...tmux, "send-keys", "-t", "it", ...keys]);
    },
    close: async () => {
      await runProcess([...tmux, "kill-server"]);
    },
  };
}
