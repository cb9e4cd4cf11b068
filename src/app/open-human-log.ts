// The log for people, on stderr: coloured where that is a screen that wants it.

import { createHumanLog } from '../lib/human-log.ts';
import type { Log, LogLevel } from '../lib/log.ts';
import { stderrOutput } from '../lib/log-output.ts';

export function openHumanLog(level: LogLevel): Log {
  const { env, stderr } = process;
  const isColoured = stderr.isTTY && env['TERM'] !== 'dumb' && (env['NO_COLOR'] ?? '') === '';
  const output = stderrOutput((lines) => `(${lines} log lines dropped, the reader was too slow)\n`);
  return createHumanLog({ level, isColoured, write: (line) => output.write(line) });
}
