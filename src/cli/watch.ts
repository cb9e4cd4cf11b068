// To look again each second: on a screen drawn anew, elsewhere a block per change, with `--json` a line per change.
// A server that is away for a while does not end it; what was refused does.

import type { AdminCall } from './admin-call.ts';
import { EXIT, Failure } from './failure.ts';
import { formatInstant } from './quantity.ts';
import { pause } from './terminal.ts';

export interface Watched<Seen> {
  look(): Promise<Seen>;
  /** Equal while nothing has changed that is worth a new block. */
  calm(seen: Seen): string;
  lines(seen: Seen): readonly string[];
  json(seen: Seen): unknown;
  /** What makes it short enough for a screen that is too small. */
  readonly less?: string;
  /** Default: never. */
  isOver?(seen: Seen): boolean;
}

const LOOK_MS = 1000;
const HOME = '\u001b[H';
const ERASE_LINE = '\u001b[K';
const ERASE_BELOW = '\u001b[J';
const ERASE_ALL = '\u001b[2J';

/** Resolves when it is over. */
export async function watch<Seen>(call: AdminCall, watched: Watched<Seen>): Promise<void> {
  const { terminal } = call;
  let shown: string | undefined;
  for (;;) {
    const seen = await lookOnce(call, watched, shown);
    if (seen !== undefined) {
      const calm = watched.calm(seen);
      if (draws(call) || calm !== shown) print(call, watched, seen, shown === undefined ? 'first' : 'next');
      shown = calm;
      if (watched.isOver?.(seen) === true) return;
    }
    await pause(terminal.clock, LOOK_MS);
  }
}

function print<Seen>(call: AdminCall, { lines, json, less }: Watched<Seen>, seen: Seen, turn: 'first' | 'next'): void {
  const { terminal, options } = call;
  if (options.json === true) return terminal.out(`${JSON.stringify(json(seen))}\n`);
  const time = `${formatInstant(terminal.clock.wallMs())} UTC`;
  if (!draws(call)) return terminal.out(`${time}\n${lines(seen).join('\n')}\n`);
  const text = [`${terminal.paint('dim', `${time}, at ${call.client.address}; Ctrl-C ends`)}`, ...lines(seen)];
  const drawn = fitted(text, terminal.rows, less)
    .map((line) => `${line}${ERASE_LINE}\n`)
    .join('');
  terminal.out(`${turn === 'first' ? ERASE_ALL : ''}${HOME}${drawn}${ERASE_BELOW}`);
}

/** What is longer than the screen would scroll it, and the next picture would be drawn elsewhere. */
function fitted(lines: readonly string[], rows: number | undefined, less = 'name a pool to see less'): readonly string[] {
  if (rows === undefined || rows < 3 || lines.length < rows) return lines;
  const shown = rows - 2;
  return [...lines.slice(0, shown), `(${lines.length - shown} more lines; ${less})`];
}

/** Undefined while the server cannot be reached, once it could. */
async function lookOnce<Seen>(call: AdminCall, { look }: Watched<Seen>, shown: string | undefined): Promise<Seen | undefined> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof Failure) || error.exitCode !== EXIT.unreachable || shown === undefined) throw error;
    call.terminal.err(`${call.terminal.paint('bad', `${error.message}; trying again`)}\n`);
    return undefined;
  }
}

function draws({ terminal, options }: AdminCall): boolean {
  return terminal.isScreen && options.json !== true;
}
