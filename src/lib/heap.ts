// The size of this thread's heap, and a way to have it give back what it does not need.

import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes of objects and of the buffers they refer to; garbage counts until it is collected. */
export function heapBytes(): number {
  const { used_heap_size: objects, external_memory: external } = getHeapStatistics();
  return objects + external;
}

/**
 * Collects all garbage and returns free pages to the system, which stops the thread for some tens of milliseconds.
 * Measured: without it the buffers of connections that have gone stay for as long as the thread is calm, and after an ordinary
 * collection V8 still keeps their pages.
 */
export function collectGarbage(): void {
  collect ??= findCollect();
  collect?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

const LARGE_BYTES = 64 * 1024 ** 2;

/** Whether to collect garbage would stop the thread for long, so that it must not be done when somebody counts on it. */
export function isLargeHeap(): boolean {
  return heapBytes() > LARGE_BYTES;
}

type Collect = (options: { readonly type: 'major'; readonly execution: 'sync'; readonly flavor: 'last-resort' }) => void;

let collect: Collect | undefined;

/** V8 hands it only to contexts that are made after the flag is set. The flag stays: other threads may be just about to look, too. */
function findCollect(): Collect | undefined {
  setFlagsFromString('--expose-gc');
  return runInNewContext('globalThis.gc') as Collect | undefined;
}
