// One life of the thread that reads texts, as the control thread sees it: one job at a time, within its time and its memory.

import { Worker } from 'node:worker_threads';
import { after, nowMs } from '../lib/clock.ts';
import type { Timer } from '../lib/clock.ts';
import type { FromReading, Job, ToReading } from './reading-messages.ts';

/** Why there is no result: as the end of a sentence that begins with the text. */
export interface Failure {
  readonly fault: string;
}

/** A thread that gets no turn at all is given up. */
const [MAX_WAIT_MS, MAX_SLOWNESS] = [30_000, 10];
const LEAST_WAIT_MS = 100;

interface Bounds {
  readonly heapMb: number;
}

export class ReadingLife {
  readonly heapMb: number;
  readonly #worker: Worker;
  #settle: ((message: FromReading | Failure) => void) | undefined = undefined;
  #fault: string | undefined = undefined;
  #hasEnded = false;

  constructor({ heapMb }: Bounds) {
    this.heapMb = heapMb;
    this.#worker = new Worker(new URL('./reading-thread.ts', import.meta.url), {
      name: 'reading',
      resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 8 },
    });
    // At rest it holds up no end of the process; the timer of a job does.
    this.#worker.unref();
    this.#worker.on('message', (message: FromReading) => this.#end(message));
    this.#worker.on('error', (error: NodeJS.ErrnoException) => {
      this.#fault ??=
        error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'takes more memory to read than it may' : `cannot be read: ${error.message}`;
    });
    this.#worker.on('exit', () => {
      this.#hasEnded = true;
      this.#end({ fault: this.#fault ?? 'cannot be read: the thread that reads it has ended' });
    });
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** One at a time. Never rejects. `withinMs`: of computing. */
  async run(job: Job, withinMs: number): Promise<FromReading | Failure> {
    return this.#ask({ kind: 'job', job }, withinMs);
  }

  /** The next routes of the config that `run` returned. */
  async more(withinMs: number): Promise<FromReading | Failure> {
    return this.#ask({ kind: 'more' }, withinMs);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #ask(message: ToReading, withinMs: number): Promise<FromReading | Failure> {
    if (this.#hasEnded) return Promise.resolve({ fault: 'cannot be read: the thread that reads it has ended' });
    return new Promise((resolve) => {
      const stopWatch = this.#watch(withinMs);
      this.#settle = (found) => {
        stopWatch();
        this.#settle = undefined;
        resolve(found);
      };
      this.#worker.postMessage(message, takenWith(message));
    });
  }

  /** Ends the thread when it has computed for so long: a busy machine refuses no text. Returns what ends the watch. */
  #watch(withinMs: number): () => void {
    const began = this.#cpuMs();
    const lastMs = nowMs() + Math.max(MAX_WAIT_MS, withinMs * MAX_SLOWNESS);
    let isOver = false;
    let timer: Timer;
    const look = async (): Promise<void> => {
      const usedMs = (await this.#cpuMs()) - (await began);
      if (isOver) return;
      if (usedMs < withinMs && nowMs() < lastMs) return arm(Math.max(withinMs - usedMs, LEAST_WAIT_MS));
      this.#fault ??= 'takes more time to read than it may';
      void this.#worker.terminate();
    };
    const arm = (ms: number): void => void (timer = after(ms, () => void look()));
    arm(withinMs);
    return () => {
      isOver = true;
      timer.stop();
    };
  }

  /** What the thread has computed until now; 0 before it runs. */
  async #cpuMs(): Promise<number> {
    try {
      const { user, system } = await this.#worker.cpuUsage();
      return (user + system) / 1000;
    } catch {
      return 0;
    }
  }

  #end(found: FromReading | Failure): void {
    this.#settle?.(found);
  }
}

/** Bytes are handed over, never copied. */
function takenWith(message: ToReading): ArrayBuffer[] {
  if (message.kind !== 'job' || message.job.kind !== 'text') return [];
  const { text } = message.job;
  return typeof text !== 'string' && text.buffer instanceof ArrayBuffer ? [text.buffer] : [];
}
