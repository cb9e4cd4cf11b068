// What is in force, and the way from one config to the next as the participants see it. Plain fields; it decides nothing.

import type { Adoption } from '../../api/scalars.ts';
import type { Amendment } from '../../config/amend.ts';
import type { FileRead, LoadResult } from '../../config/decode.ts';
import type { Difference } from '../../config/diff.ts';
import type { Config } from '../../config/model.ts';
import type { CounterPlan } from '../../telemetry/counter-plan.ts';
import type { Change } from '../control-api.ts';
import { NO_TLS_FILES } from '../certificates/tls-files.ts';
import type { TlsFiles } from '../certificates/tls-files.ts';
import type { SessionTable } from '../session-tables.ts';

/** What is in force. */
export interface InForce {
  /** 0 before the first. */
  readonly revision: number;
  /** As it was written. */
  readonly config: Config;
  /** With the endpoints that the workers have. */
  readonly served: Config;
  /** The file as it was last read without a Problem. */
  readonly read: FileRead;
  /** What the API changed over the file. */
  readonly amendments: readonly Amendment[];
  readonly tls: TlsFiles;
  /** Workers that obeyed when it was put in force. */
  readonly workers: Adoption;
}

/** Whose change it is. */
export interface Origin {
  readonly cause: string;
  readonly author: string;
  readonly reason: string;
  /** Pools whose users follow the weights at once when it is in force. */
  readonly moved: readonly string[];
  /** What was asked for; undefined where a file changed. */
  readonly change?: Change | undefined;
}

/** What is about to be in force. */
export interface Next {
  readonly revision: number;
  readonly read: FileRead;
  readonly load: LoadResult;
  readonly config: Config;
  /** From what is in force; none at a start. */
  readonly differences: readonly Difference[];
  readonly origin: Origin;
}

export class Transition {
  readonly revision: number;
  readonly read: FileRead;
  readonly load: LoadResult;
  readonly config: Config;
  readonly differences: readonly Difference[];
  readonly origin: Origin;
  /** Undefined at a start. */
  readonly before: InForce | undefined;
  /** Filled on the way, each by the participant of that name: the config with the endpoints that are known. */
  served: Config;
  tls: TlsFiles;
  counters: CounterPlan | undefined;
  sessions: ReadonlyMap<string, SessionTable>;
  /** Undefined until the workers serve it. */
  workers: Adoption | undefined;
  /** Whether all workers are known to have exactly these counters; a way back that failed leaves a doubt. */
  isInStep: boolean;

  constructor({ revision, read, load, config, differences, origin }: Next, before: InForce | undefined) {
    this.revision = revision;
    this.read = read;
    this.load = load;
    this.config = config;
    this.differences = differences;
    this.origin = origin;
    this.before = before;
    this.served = config;
    this.tls = NO_TLS_FILES;
    this.counters = undefined;
    this.sessions = new Map();
    this.workers = undefined;
    this.isInStep = true;
  }
}
