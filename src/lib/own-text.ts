// Text in memory of its own. What is cut out of a longer text holds on to all of that, and what was put together holds on to its parts: a copy
// is for what is kept for long.

import { latin1 } from './latin1.ts';

const MAX_BYTES = 4096;
const scratch = Buffer.allocUnsafeSlow(MAX_BYTES);

/** A copy of the first `most` characters of a latin1 text, and of no more than 4,096. */
export function ownText(text: string, most = MAX_BYTES): string {
  return text === '' ? '' : latin1(scratch, 0, scratch.write(text, 0, Math.min(most, text.length), 'latin1'));
}
