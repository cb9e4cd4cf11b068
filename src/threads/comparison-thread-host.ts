// One life of the thread that compares, as the control thread sees it. What was compared ends with it. It never outgrows its heap: responses of
// hostile upstreams can end this thread, not the process.

import { MessageChannel, Worker } from 'node:worker_threads';
import type { Clock } from '../lib/clock.ts';
import { writeLine } from '../lib/log.ts';
import type { Log } from '../lib/log.ts';
import type { ComparedCount, ComparedMirror } from '../compare/comparer-set.ts';
import { ComparisonLoad } from '../compare/comparison-load.ts';
import type { DatedReport } from '../compare/mirror-report.ts';
import { mirrorKey } from '../compare/mirror-key.ts';
import type { ComparisonStart, FromComparison, ToComparison } from './comparison-messages.ts';
import type { CompareLink } from './messages.ts';

/** Of objects; what waits to be compared is beside it, and bounded by the load. */
const MAX_HEAP_MB = 256;
const MAX_REPORT_WAIT_MS = 5000;
/** A thread that does not respond for so long has hung. What may wait at most takes a tenth of it. */
const HUNG_MS = 60_000;

export interface ComparisonThreadHostDeps {
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Log;
  readonly onCounts: (counts: readonly ComparedCount[]) => void;
  /** It has ended, by itself or because it was told to. */
  readonly onEnd: () => void;
}

interface Question {
  readonly response: Promise<DatedReport | undefined>;
  readonly settle: (report: DatedReport | undefined) => void;
}

export class ComparisonThreadHost {
  readonly #deps: ComparisonThreadHostDeps;
  readonly #worker: Worker;
  readonly #load = ComparisonLoad.create();
  /** At most one per mirror; it stays until the thread has responded or ended. */
  readonly #questions = new Map<string, Question>();
  #memoryBytes = 0;

  constructor(deps: ComparisonThreadHostDeps) {
    this.#deps = deps;
    this.#worker = new Worker(new URL('./comparison-thread.ts', import.meta.url), {
      name: 'comparison',
      workerData: { load: this.#load } satisfies ComparisonStart,
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    });
    this.#worker.on('message', (message: FromComparison) => this.#onMessage(message));
    this.#worker.on('error', (error) => deps.log.error({ err: error }, 'the thread that compares died'));
    this.#worker.on('exit', () => this.#onExit());
  }

  /** What its heap holds, as it last said. */
  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  setMirrors(mirrors: readonly ComparedMirror[]): void {
    this.#post({ kind: 'mirrors', mirrors });
  }

  /** A way in for one worker; it closes when either thread ends. */
  link(): CompareLink {
    const { port1, port2 } = new MessageChannel();
    this.#worker.postMessage({ kind: 'link', port: port1 } satisfies ToComparison, [port1]);
    return { port: port2, load: this.#load };
  }

  /** Undefined where the thread does not know the mirror, does not respond in time, or ends. Never rejects. */
  async report(pool: string, mirror: string): Promise<DatedReport | undefined> {
    const { response } = this.#questions.get(mirrorKey(pool, mirror)) ?? this.#ask(pool, mirror);
    let stop: () => void = () => undefined;
    const late = new Promise<undefined>((resolve) => {
      const timer = this.#deps.clock.after(MAX_REPORT_WAIT_MS, () => resolve(undefined));
      stop = () => timer.stop();
    });
    const report = await Promise.race([response, late]);
    stop();
    return report;
  }

  collect(): void {
    this.#post({ kind: 'collect' });
  }

  /** Resolves when the thread has ended. */
  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #ask(pool: string, mirror: string): Question {
    const key = mirrorKey(pool, mirror);
    const hung = this.#deps.clock.after(HUNG_MS, () => {
      this.#deps.log.error({ pool, mirror }, 'the comparison thread does not respond; another takes its place');
      void this.end();
    });
    let resolveReport: Question['settle'] = () => undefined;
    const response = new Promise<DatedReport | undefined>((resolve) => (resolveReport = resolve));
    const settle: Question['settle'] = (report) => {
      hung.stop();
      this.#questions.delete(key);
      resolveReport(report);
    };
    const question: Question = { response, settle };
    this.#questions.set(key, question);
    this.#post({ kind: 'report', pool, mirror });
    return question;
  }

  #post(message: ToComparison): void {
    this.#worker.postMessage(message);
  }

  #onMessage(message: FromComparison): void {
    switch (message.kind) {
      case 'counts':
        return this.#deps.onCounts(message.counts);
      case 'reported':
        return this.#questions.get(mirrorKey(message.pool, message.mirror))?.settle(message.report);
      case 'memory':
        this.#memoryBytes = message.bytes;
        return undefined;
      case 'log':
        return writeLine(this.#deps.log, message.line);
    }
  }

  #onExit(): void {
    for (const { settle } of this.#questions.values()) settle(undefined);
    this.#memoryBytes = 0;
    this.#deps.onEnd();
  }
}
