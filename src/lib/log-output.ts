// Where the process's own log goes: stderr, as far as its reader keeps up. A stalled or closed reader costs lines, never the process.

export interface LogOutput {
  /** Takes one line with its line feed; must not throw. */
  write(line: string): void;
}

/** Node writes to files and terminals at once, to pipes as far as they have room; `flushOutput` waits for the rest. */
const MAX_BACKLOG_BYTES = 1024 * 1024;

let shared: LogOutput | undefined;

/** One for the process. @param tellDropped the line that says how many were dropped */
export function stderrOutput(tellDropped: (lines: number) => string): LogOutput {
  if (shared !== undefined) return shared;
  let dropped = 0;
  // A closed pipe is told once here and then as a failed write; neither may end the process.
  process.stderr.on('error', () => undefined);
  shared = {
    write: (line) => {
      if (process.stderr.writableLength > MAX_BACKLOG_BYTES) {
        dropped += 1;
        return;
      }
      if (dropped > 0) process.stderr.write(tellDropped(dropped));
      dropped = 0;
      process.stderr.write(line);
    },
  };
  return shared;
}
