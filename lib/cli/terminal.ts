/** Where text goes. */
export interface TextOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** Characters in a line. */
  readonly columns?: number;
  /** Lines of the screen. */
  readonly rows?: number;
}

/** What a command meets of the world: tests bring their own. */
export interface Terminal {
  /** Results. */
  readonly stdout: TextOutput;
  /** Progress, warnings and errors. */
  readonly stderr: TextOutput;
  /** The user asks to stop: what is under way is ended in order. */
  readonly stop: AbortSignal;
  /** The user insists: everything ends at once. */
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Whether what is shown of progress can be drawn again in place. */
export function isScreen({ stderr, env }: Terminal): boolean {
  return stderr.isTTY === true && env["TERM"] !== "dumb";
}
