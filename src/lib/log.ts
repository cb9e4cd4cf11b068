// The process's own log as code sees it: a constant message with variables as fields. One thread writes (json-log.ts), the others forward
// their lines to it; so this file must never load the logger.

import { after } from './clock.ts';
import { plainError } from './plain-error.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'fatal';

export type LogFields = Readonly<Record<string, unknown>>;

/** An `err` field holds an Error. */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  fatal(fields: LogFields, message: string): void;
}

/** One line on its way from a thread to the one that writes; structured-cloneable. */
export interface LogLine {
  readonly level: LogLevel;
  readonly fields: LogFields;
  readonly message: string;
}

/** Resolves when what was written to stdout and stderr has left, or after `timeoutMs`; `process.exit` would cut a full pipe short. */
export async function flushOutput(timeoutMs = 1000): Promise<void> {
  const left = Promise.all(
    [process.stdout, process.stderr].map((stream) => new Promise<void>((done) => void stream.write('', () => done()))),
  );
  await new Promise<void>((resolve) => {
    const late = after(timeoutMs, resolve);
    void left.then(() => {
      late.stop();
      resolve();
    });
  });
}

/** The Log of a thread that does not write itself: each line goes to `post`, which hands it to `writeLine` on the thread that does. */
export function forwardLog(post: (line: LogLine) => void): Log {
  const at = (level: LogLevel) => (fields: LogFields, message: string) => post({ level, fields: cloneable(fields), message });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), fatal: at('fatal') };
}

export function writeLine(log: Log, line: LogLine): void {
  log[line.level](line.fields, line.message);
}

/** Values that cannot be posted (functions, sockets, errors of a subclass) becomes text or a plain object. */
function cloneable(fields: LogFields): LogFields {
  const copy: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof Error) copy[name] = plainError(value);
    else if (typeof value === 'object' && value !== null) copy[name] = plainObject(value);
    else copy[name] = typeof value === 'function' || typeof value === 'symbol' ? String(value) : value;
  }
  return copy;
}

function plainObject(value: object): unknown {
  try {
    return JSON.parse(JSON.stringify(value));
  } catch {
    return String(value);
  }
}
