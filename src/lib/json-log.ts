// Writes the process's own log: JSON lines on stderr.
// It must never throw, block or grow: a stalled or closed reader costs lines, which are counted, never the process.

import { pino } from 'pino';
import type { Log, LogLevel } from './log.ts';
import { stderrOutput } from './log-output.ts';
import type { LogOutput } from './log-output.ts';
import { plainError } from './plain-error.ts';

export interface LogOptions {
  readonly level: LogLevel | 'silent';
  readonly name: string;
  /** Default: stderr. */
  readonly output?: LogOutput;
}

/** Lines for stderr; one per process writes, other threads forward to it. */
export function createLog(options: LogOptions): Log {
  const output = options.output ?? stderrOutput(tellDropped);
  return pino(
    { level: options.level, name: options.name, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: plainError } },
    output,
  );
}

function tellDropped(lines: number): string {
  return `{"level":40,"dropped":${lines},"msg":"log lines dropped, the reader was too slow"}\n`;
}
