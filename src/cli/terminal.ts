// What a command sees of the terminal: where lines go, colours, time, and the person to ask. Tests give another one.

import type { ReadStream, WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { soon, systemClock, type Clock } from '../lib/clock.ts';
import type { Environment } from './access.ts';

export type Colour = 'good' | 'bad' | 'warn' | 'dim' | 'strong';

export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** The text as it is, where colours would be noise. */
  paint(colour: Colour, text: string): string;
  /** Whether stdout is a screen that can be drawn anew. */
  readonly isScreen: boolean;
  /** Lines that the screen shows at once; undefined when it is none. */
  readonly rows: number | undefined;
  /** Whether a person sits there who can be asked. */
  readonly isAttended: boolean;
  readonly clock: Clock;
  /** The line that was typed, without spaces around it; empty at the end of the input. */
  ask(question: string): Promise<string>;
}

const STYLES = { good: 'green', bad: 'red', warn: 'yellow', dim: 'dim', strong: 'bold' } as const;

interface Streams {
  readonly stdin: Pick<ReadStream, 'isTTY'> & NodeJS.ReadableStream;
  readonly stdout: Pick<WriteStream, 'isTTY'> & { readonly rows?: number } & NodeJS.WritableStream;
  readonly stderr: Pick<WriteStream, 'isTTY'> & NodeJS.WritableStream;
}

/** Colours only on a screen, and not when NO_COLOR is set to anything (no-color.org) or the terminal is dumb. */
export function openTerminal({ stdin, stdout, stderr }: Streams, env: Environment): Terminal {
  const isScreen = stdout.isTTY === true && env['TERM'] !== 'dumb';
  const isColoured = isScreen && (env['NO_COLOR'] ?? '') === '';
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    paint: (colour, text) => (isColoured ? styleText(STYLES[colour], text, { validateStream: false }) : text),
    isScreen,
    get rows() {
      return isScreen ? stdout.rows : undefined;
    },
    isAttended: stdin.isTTY === true && stderr.isTTY === true,
    clock: systemClock,
    ask: async (question) => {
      const { createInterface } = await import('node:readline/promises');
      // On stderr: what is on stdout may be on its way into a file.
      const lines = createInterface({ input: stdin, output: stderr });
      lines.once('SIGINT', () => lines.close());
      // Later than a line that came with the end of the input.
      const ended = new Promise<string>((resolve) => void lines.once('close', () => soon(() => resolve(''))));
      try {
        return (await Promise.race([lines.question(question).catch(() => ''), ended])).trim();
      } finally {
        lines.close();
      }
    },
  };
}

export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}
