// The process's own log: JSON lines on stderr, a constant message with variables as fields.
// It must never throw, block or grow: a stalled or closed reader costs lines, which are counted, never the process.

import { pino, stdSerializers } from 'pino';
import { after } from './clock.ts';

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

/** What cannot be posted (functions, sockets, errors of a subclass) becomes text or a plain object. */
function cloneable(fields: LogFields): LogFields {
  const copy: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof Error) copy[name] = plainError(value);
    else if (typeof value === 'object' && value !== null) copy[name] = plainObject(value);
    else copy[name] = typeof value === 'function' || typeof value === 'symbol' ? String(value) : value;
  }
  return copy;
}

/** A forwarded error arrives plain and must keep its type. */
function plainError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { type, message, stack } = stdSerializers.err(error);
  const code = (error as NodeJS.ErrnoException).code;
  return code === undefined ? { type, message, stack } : { type, message, stack, code };
}

function plainObject(value: object): unknown {
  try {
    return JSON.parse(JSON.stringify(value));
  } catch {
    return String(value);
  }
}
