// How much memory is in use, as opposed to: held. What a process has freed often stays with its allocators, so that its size says
// "full" long after the load has gone; shedding by size alone might never end. Pure: the figures come as arguments.

/** Growth of the size by less is noise. */
const NOTED_GROWTH = 1.01;
/** From this part of the highest size on the process is as large as it was. */
const STILL_HIGH = 0.99;

/**
 * Held is what the system counts; live is what the heaps account for. At the highest size so far the difference was overhead: code,
 * stacks, pieces too small for anything. When live falls and the size does not, the process can take that much again without growing.
 * Whenever it does grow beyond what it ever was, all of it counts: the estimate never hides that the end is near.
 */
export class MemoryUse {
  #highBytes = 0;
  #overheadBytes = 0;

  /** Bytes in use, `heldBytes` at most. */
  estimate(processBytes: number, liveBytes: number): number {
    const overhead = processBytes - liveBytes;
    if (processBytes > this.#highBytes * NOTED_GROWTH) {
      this.#highBytes = processBytes;
      this.#overheadBytes = overhead;
    } else if (processBytes >= this.#highBytes * STILL_HIGH) this.#overheadBytes = Math.min(this.#overheadBytes, overhead);
    return Math.min(processBytes, Math.max(0, this.#overheadBytes) + liveBytes);
  }
}
