// Memory that upstream connections read into and copies are made in. Allocated anew each time, a storm of short connections or a
// large upload would leave the heap in pieces; so blocks are used again. Nothing that a pending write refers to may come back here.

/** Room before what was read, so that a changed head can be written in front of the body in place. */
export const HEADROOM = 2048;
/** The most that one read brings: a response of 64 KiB with its head in one, and few reads for a large one. Pages that none has filled cost nothing. */
export const READ_BYTES = 131_072;

const MAX_KEPT = 64;
const SHARED_BYTES = 65_536;

let shared: Buffer | undefined;

/** What connections read into that may become tunnels: all of a thread the same, so that an idle one has no memory. */
export function sharedBlock(): Buffer {
  return (shared ??= Buffer.allocUnsafeSlow(SHARED_BYTES));
}

const kept: Buffer[] = [];
let spareCopy: Buffer | undefined;

/** A block to read into: `HEADROOM`, then `READ_BYTES`. Its content is anything. */
export function takeBlock(): Buffer {
  return kept.pop() ?? Buffer.allocUnsafeSlow(HEADROOM + READ_BYTES);
}

export function giveBlock(block: Buffer): void {
  if (kept.length < MAX_KEPT) kept.push(block);
}

/** A block of `READ_BYTES` for one copy: the same one again and again, warm in the cache, as long as it comes back. */
export function takeCopyBlock(): Buffer {
  const block = spareCopy ?? Buffer.allocUnsafeSlow(READ_BYTES);
  spareCopy = undefined;
  return block;
}

export function giveCopyBlock(block: Buffer): void {
  spareCopy = block;
}
