// The worker's side of comparison: decides which mirrored requests are compared, sends what was recorded of them to the thread that compares,
// and tells the control thread of writes that shadows miss. Bounded; what finds no room is dropped and counted.

import type { MessagePort } from 'node:worker_threads';
import type { CompareConfig } from '../config/model.ts';
import { nowMs, wallMs } from '../lib/clock.ts';
import { randomFraction } from '../lib/random.ts';
import { RecordMemory } from '../proxy/mirror/response-record.ts';
import { Recorder } from '../proxy/mirror/recorder.ts';
import { MissedWriteDetector } from '../proxy/mirror/missed-write-detector.ts';
import { TapGroup } from '../proxy/mirror/response-tap.ts';
import type { CopiedRequest, TapFactory, ResponseTap } from '../proxy/mirror/response-tap.ts';
import { isSafe } from '../http/method.ts';
import type { MirrorTable } from '../routing/table.ts';
import { templateOf } from '../compare/path-template.ts';
import { TemplateSampler } from '../compare/template-sampler.ts';
import { ComparisonLoad } from '../compare/comparison-load.ts';
import type { MissedWrite, RecordedExchange, UnlistedWrites } from '../compare/mirrored-exchange.ts';
import type { MirrorTarget } from '../upstream/mirror-target.ts';
import type { CompareLink, FromWorker } from './messages.ts';

const WINDOW_MS = 1000;
const MAX_TEMPLATES = 2000;
/** Between two flushes; more of them are only counted. */
const MAX_MISSED = 1000;

interface Sampling {
  readonly sampler: TemplateSampler;
  readonly perTemplate: number;
}

export class ComparisonSampler {
  readonly find: TapFactory = (mirror, shadow, copied) => this.#find(mirror, shadow, copied);
  readonly #workers: number;
  readonly #post: (message: FromWorker) => void;
  readonly #memory = new RecordMemory();
  /** By pool and mirror. */
  readonly #samplings = new Map<string, Sampling>();
  #port: MessagePort | undefined = undefined;
  #load: ComparisonLoad | undefined = undefined;
  #missed: MissedWrite[] = [];
  #unlisted = new Map<string, UnlistedWrites>();

  /** @param workers how many share the instance's bounds */
  constructor(workers: number, post: (message: FromWorker) => void) {
    this.#workers = workers;
    this.#post = post;
  }

  /** Where to send what was recorded; undefined: nobody compares. */
  connect(link: CompareLink | undefined): void {
    this.#port?.close();
    this.#port = link?.port;
    this.#load = link && new ComparisonLoad(link.load);
    // It must not keep a thread alive that has drained.
    this.#port?.unref();
  }

  /** Forgets what mirrors were sampled that are gone; called when others are served. */
  forget(): void {
    this.#samplings.clear();
  }

  /** Sends the missed writes since it was last called. */
  flush(): void {
    if (this.#missed.length + this.#unlisted.size === 0) return;
    this.#post({ kind: 'missed', writes: this.#missed, unlisted: [...this.#unlisted.values()] });
    this.#missed = [];
    this.#unlisted = new Map();
  }

  #find(mirror: MirrorTable, shadow: MirrorTarget, copied: CopiedRequest): ResponseTap | undefined {
    const { compare } = mirror.config;
    const isWrite = !mirror.safeOnly && !isSafe(copied.method);
    if (compare === undefined && !isWrite) return undefined;
    const atMs = Math.round(wallMs() - (nowMs() - copied.startedMs));
    const version = labelOf(mirror, shadow, copied);
    const recorder = compare && this.#record({ mirror, shadow, copied, atMs, version }, compare);
    if (!isWrite) return recorder;
    const watch = new MissedWriteDetector({ mirror, version, copied, atMs, onMissed: (write) => this.#miss(write) });
    return recorder === undefined ? watch : new TapGroup([recorder, watch]);
  }

  #record({ shadow, ...copy }: CopyAt, compare: CompareConfig): Recorder | undefined {
    const { mirror, copied } = copy;
    if (!this.#isSampled(copy, compare)) return undefined;
    if (this.#load?.hasRoom !== true || this.#memory.isFull) {
      shadow.counters.uncompared();
      return undefined;
    }
    // A second copy of a write would be a write to the source of truth; and what is busy already gets none.
    const mayRepeat = isSafe(copied.method) && !copied.version.isBusy;
    const wantsSecondary = mayRepeat && randomFraction() * 100 < compare.noisePercent;
    const bounds = { bodyBytes: compare.bodyBytes, responseBytes: mirror.config.limits.responseBytes };
    const onRecorded = (recorded: RecordedExchange | undefined): void => {
      if (!this.#send(recorded)) shadow.counters.uncompared();
    };
    return new Recorder({ ...copy, wantsSecondary, bounds, memory: this.#memory, onRecorded });
  }

  #isSampled({ mirror, copied }: Pick<CopyAt, 'mirror' | 'copied'>, { perTemplate }: CompareConfig): boolean {
    const id = `${copied.pool.name}\n${mirror.name}`;
    let sampling = this.#samplings.get(id);
    if (sampling?.perTemplate !== perTemplate) {
      const ours = Math.ceil(perTemplate / this.#workers);
      sampling = { perTemplate, sampler: new TemplateSampler({ perTemplate: ours, windowMs: WINDOW_MS, mostTemplates: MAX_TEMPLATES }) };
      this.#samplings.set(id, sampling);
    }
    return sampling.sampler.take(`${copied.route} ${templateOf(copied.target)}`, nowMs(), randomFraction());
  }

  #send(recorded: RecordedExchange | undefined): boolean {
    const load = this.#load;
    if (recorded === undefined || load?.hasRoom !== true) return false;
    load.add(recorded);
    this.#port!.postMessage(recorded);
    return true;
  }

  #miss(write: MissedWrite): void {
    if (this.#missed.length < MAX_MISSED) {
      this.#missed.push(write);
      return;
    }
    const { pool, mirror } = write;
    const id = `${pool}\n${mirror}`;
    this.#unlisted.set(id, { pool, mirror, count: (this.#unlisted.get(id)?.count ?? 0) + 1 });
  }
}

interface CopyAt {
  readonly mirror: MirrorTable;
  readonly shadow: MirrorTarget;
  readonly copied: CopiedRequest;
  readonly atMs: number;
  readonly version: string;
}

function labelOf({ pool }: MirrorTable, shadow: MirrorTarget, copied: CopiedRequest): string {
  return pool === copied.pool ? shadow.name : `${pool.name}/${shadow.name}`;
}
