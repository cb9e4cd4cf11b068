// Writes the process's own log for people at a terminal: what happened first, then its facts. Scripts get JSON lines (json-log.ts).

import { styleText } from 'node:util';
import { wallMs } from './clock.ts';
import type { Log, LogFields, LogLevel } from './log.ts';
import { visible } from './visible.ts';

export interface HumanLogOptions {
  readonly level: LogLevel | 'silent';
  readonly isColoured: boolean;
  /** Takes one line, or several, each with its line feed; must not throw. */
  readonly write: (lines: string) => void;
  /** Milliseconds since the epoch; default: the system's clock. */
  readonly wallMs?: () => number;
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'fatal'];
const COLOURS = { debug: 'dim', info: 'reset', warn: 'yellow', error: 'red', fatal: 'red' } as const;
/** Of an error's stack. */
const STACK_LINES = 6;

/** `13:05:09 warning: endpoint ejected  pool=shop version=v2 endpoint=127.0.0.1:9001`. */
export function createHumanLog(options: HumanLogOptions): Log {
  const least = options.level === 'silent' ? LEVELS.length : LEVELS.indexOf(options.level);
  const clock = options.wallMs ?? wallMs;
  const at =
    (level: LogLevel) =>
    (fields: LogFields, message: string): void => {
      if (LEVELS.indexOf(level) >= least) options.write(formatLine({ level, fields, message, atMs: clock() }, options.isColoured));
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), fatal: at('fatal') };
}

interface Line {
  readonly level: LogLevel;
  readonly fields: LogFields;
  readonly message: string;
  readonly atMs: number;
}

function formatLine({ level, fields, message, atMs }: Line, isColoured: boolean): string {
  const paint = (colour: 'dim' | 'reset' | 'yellow' | 'red', text: string): string =>
    isColoured && text !== '' ? styleText(colour, text, { validateStream: false }) : text;
  const { at, err, ...facts } = fields;
  const time = new Date(atMs).toTimeString().slice(0, 8);
  const word = level === 'info' ? '' : `${level === 'warn' ? 'warning' : level}: `;
  // What a line is about stands in these two: a place in a file with what is wrong there, and an error.
  const about = [at, err].filter((each) => each !== undefined).map((each) => `: ${visible(messageOf(each))}`);
  const words = Object.entries(facts).flatMap(([name, value]) => (value === undefined ? [] : [`${visible(name)}=${textOf(value)}`]));
  const head = `${paint('dim', time)} ${paint(COLOURS[level], `${word}${visible(message)}${about.join('')}`)}`;
  const line = words.length === 0 ? head : `${head}  ${paint('dim', words.join(' '))}`;
  return `${[line, ...stackOf(err)].join('\n')}\n`;
}

function messageOf(value: unknown): string {
  if (value instanceof Error) return value.message;
  const { message } = (value ?? {}) as { readonly message?: unknown };
  return typeof message === 'string' ? message : String(value);
}

/** Errors are bugs, or come from the system; where they come from is for those who look for the bug. */
function stackOf(err: unknown): readonly string[] {
  const { stack } = (err ?? {}) as { readonly stack?: unknown };
  if (typeof stack !== 'string') return [];
  const frames = stack.split('\n').filter((line) => line.trimStart().startsWith('at '));
  return frames.slice(0, STACK_LINES).map((line) => visible(`    ${line.trim()}`));
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return /^[\x21-\x7e]+$/.test(value) ? value : visible(JSON.stringify(value));
  if (typeof value === 'object' && value !== null) return visible(jsonOf(value));
  return String(value);
}

function jsonOf(value: object): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
