// Starts a data-plane thread. It loads its code at once and hears afterwards which worker it is: the first one is started before anything
// else, so that two cores work while Sluice starts. This file must stay small, as it is loaded before the rest.

import { Worker } from 'node:worker_threads';

/** Its first message must be a WorkerStart. */
export function spawnWorker(index: number): Worker {
  return new Worker(new URL('./worker-thread.ts', import.meta.url), { name: `worker ${index}`, workerData: { index } });
}

/** A thread for which nobody listens yet. */
export interface EarlyWorker {
  /** The thread, once and if it still lives; else a new one. */
  take(): Worker;
}

export function spawnEarly(): EarlyWorker {
  const worker = spawnWorker(0);
  let isUsable = true;
  // Without a listener, an error would end the process before the config is known; the thread that is spawned instead tells the same.
  worker.on('error', () => (isUsable = false));
  worker.on('exit', () => (isUsable = false));
  return {
    take: () => {
      const taken = isUsable ? worker : spawnWorker(0);
      isUsable = false;
      return taken;
    },
  };
}
