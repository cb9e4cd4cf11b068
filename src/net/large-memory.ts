// Memory for the reads of transfers that fill their ordinary memory: large blocks, few of them, which all connections of a thread share.
// A block has one user at a time: the connection that reads into it, or the write that sends from it. It passes from the one to the other
// with `keepRead`, so that nothing is copied, and nothing is read into what a write still needs.

/** In a bare relay, pieces of 64 KiB cost half as much again for each MiB, and those of 1 MiB a seventh more. */
export const LARGE_BYTES = 262_144;
/** In use at once, of a thread: who comes later reads and copies as if there were none. */
export const MAX_LARGE_BLOCKS = 32;
/** Kept for the next ones while nobody uses them. */
const MAX_SPARE = 16;

const spare: Buffer[] = [];
let used = 0;
/** The block of the read that is being passed on. */
let reading: Buffer | undefined;

/** A block to read into, if there is one left. Its content is anything. */
export function takeLarge(): Buffer | undefined {
  if (used === MAX_LARGE_BLOCKS) return undefined;
  used++;
  return spare.pop() ?? Buffer.allocUnsafeSlow(LARGE_BYTES);
}

/** Nothing reads into it or writes from it any more. */
export function giveLarge(block: Buffer): void {
  used--;
  if (spare.length < MAX_SPARE) spare.push(block);
}

/** Its user is gone, and the kernel or Node may not be done with it: it is left to the collector. */
export function loseLarge(): void {
  used--;
}

/** Blocks that are in use. */
export function usedLargeBlocks(): number {
  return used;
}

/** What was read into `block` is passed on from here until `endRead`. */
export function beginRead(block: Buffer): void {
  reading = block;
}

/** Returns whether somebody has kept the block. */
export function endRead(): boolean {
  const kept = reading === undefined;
  reading = undefined;
  return kept;
}

/** Whether `bytes` is the block of the read that is being passed on, so that `keepRead` may be called. */
export function canKeep(bytes: Buffer): boolean {
  return bytes === reading;
}

/** From here on the block is the caller's, who gives it back or loses it. */
export function keepRead(): void {
  reading = undefined;
}
