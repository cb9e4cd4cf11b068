// Writes the process's own log: JSON lines on stderr.
// It must never throw, block or grow: a stalled or closed reader costs lines, which are counted, never the process.

import { pino } from 'pino';
import type { Log, LogLevel } from './log.ts';
import { plainError } from './plain-error.ts';

export interface LogOptions {
  readonly level: LogLevel | 'silent';
  readonly name: string;
  /** Default: stderr. */
  readonly output?: LogOutput;
}

interface LogOutput {
  /** Takes one line with its line feed; must not throw. */
  write(line: string): void;
}

/** Lines for stderr; one per process writes, other threads forward to it. */
export function createLog(options: LogOptions): Log {
  const output = options.output ?? stderrOutput();
  return pino(
    { level: options.level, name: options.name, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: plainError } },
    output,
  );
}

/** Node writes to files and terminals at once, to pipes as far as they have room; `flushOutput` waits for the rest. */
const MAX_BACKLOG_BYTES = 1024 * 1024;

let shared: LogOutput | undefined;

function stderrOutput(): LogOutput {
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
      if (dropped > 0) process.stderr.write(`{"level":40,"dropped":${dropped},"msg":"log lines dropped, the reader was too slow"}\n`);
      dropped = 0;
      process.stderr.write(line);
    },
  };
  return shared;
}
