// Texts that take long to make are made in turns: between two of them the control thread does what else waits.

import { nowMs, soon } from '../lib/clock.ts';

/** How long one turn may take. */
const TURN_MS = 8;

/** All pieces as one buffer. One text after the other, so that many that are asked for at once leave time between them as well. */
export function writeInTurns(pieces: Iterable<string>): Promise<Buffer> {
  const written = latest.then(() => join(pieces));
  latest = written.catch(() => undefined);
  return written;
}

let latest: Promise<unknown> = Promise.resolve();

async function join(pieces: Iterable<string>): Promise<Buffer> {
  const parts: Buffer[] = [];
  let text = '';
  let began = nowMs();
  for (const piece of pieces) {
    text += piece;
    if (nowMs() - began < TURN_MS) continue;
    parts.push(Buffer.from(text));
    text = '';
    await new Promise<void>(soon);
    began = nowMs();
  }
  parts.push(Buffer.from(text));
  return Buffer.concat(parts);
}
