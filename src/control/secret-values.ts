// The values of the secrets whose sources the config in force names. They are handed to those who serve, and shown nowhere. Files are looked at
// now and then and read again when they change; what cannot be read leaves the value that was read before.

import { fillSecrets } from '../config/fill-secrets.ts';
import { isFault } from '../config/fault.ts';
import type { Fault } from '../config/fault.ts';
import type { Config } from '../config/model.ts';
import { formatPath } from '../config/path.ts';
import { MAX_SECRETS } from '../config/read-secret.ts';
import { sourceKey } from '../config/secret.ts';
import type { SecretSource } from '../config/secret.ts';
import { secretPlaces } from '../config/secret-places.ts';
import type { SecretPlace } from '../config/secret-places.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { fileMark } from '../lib/file-mark.ts';
import type { Log } from '../lib/log.ts';
import type { Journal } from './journal.ts';

export interface SecretValuesDeps {
  readonly clock: Pick<Clock, 'every' | 'wallMs'>;
  /** Reads a value. Must neither throw nor wait. */
  readonly read: (source: SecretSource) => string | Fault;
  /** There are other values for those who serve. */
  readonly onChange: () => void;
  readonly journal: Pick<Journal, 'record'>;
  readonly revision: () => number;
  readonly log: Pick<Log, 'error' | 'info'>;
}

/** A secret that cannot be read, and has no value that was read before. */
export interface Unreadable extends SecretPlace {
  readonly fault: string;
}

/** A secret whose file is bad while its last value is used. */
export interface SecretFault {
  /** The first place that names it. */
  readonly place: string;
  readonly reason: string;
  /** In milliseconds since the epoch. */
  readonly sinceMs: number;
}

interface Kept {
  readonly source: SecretSource;
  readonly place: string;
  value: string;
  /** Of the file that `value` was read from, and of what was seen there last: a file that is being written is left to come to rest. */
  mark: string;
  seen: string;
  fault: { readonly reason: string; readonly sinceMs: number } | undefined;
}

const LOOK_MS = 500;

export class SecretValues {
  readonly #deps: SecretValuesDeps;
  readonly #kept = new Map<string, Kept>();
  #looking: Timer | undefined = undefined;
  #version = 0;
  #handed = 0;

  constructor(deps: SecretValuesDeps) {
    this.#deps = deps;
  }

  /** Of a config that is about to be in force. */
  unreadable(config: Config): readonly Unreadable[] {
    const faults = new Map<string, string | undefined>();
    return secretPlaces(config).flatMap((place) => {
      const key = sourceKey(place.source);
      if (!faults.has(key)) faults.set(key, this.#faultOf(key, place.source, faults.size));
      const fault = faults.get(key);
      return fault === undefined ? [] : [{ ...place, fault }];
    });
  }

  #faultOf(key: string, source: SecretSource, before: number): string | undefined {
    if (before >= MAX_SECRETS) return `a config may name ${MAX_SECRETS} different variables and files of header values at most`;
    if (this.#kept.has(key)) return undefined;
    const value = this.#deps.read(source);
    return isFault(value) ? value.fault : undefined;
  }

  /** Reads what is new in this config. Throws when one of them cannot be read. */
  prepare(config: Config): void {
    for (const { source, names } of secretPlaces(config)) {
      const key = sourceKey(source);
      if (this.#kept.has(key)) continue;
      const mark = markOf(source);
      const value = this.#deps.read(source);
      const place = formatPath(names);
      if (isFault(value)) throw new Error(`${place}: ${value.fault}`);
      this.#kept.set(key, { source, place, value, mark, seen: mark, fault: undefined });
    }
  }

  /** This config is in force; what it does not name is forgotten. Follows each `prepare`. */
  settle(config: Config | undefined): void {
    const named = new Set(config === undefined ? [] : secretPlaces(config).map(({ source }) => sourceKey(source)));
    for (const key of this.#kept.keys()) if (!named.has(key)) this.#kept.delete(key);
    const hasFiles = [...this.#kept.values()].some(({ source }) => source.kind === 'file');
    if (!hasFiles) this.close();
    else this.#looking ??= this.#deps.clock.every(LOOK_MS, () => this.look(), { unref: true });
  }

  /** The config for those who serve. Every source in it was prepared. */
  fill(config: Config): Config {
    return fillSecrets(config, (source) => {
      const kept = this.#kept.get(sourceKey(source));
      if (kept === undefined) throw new Error(`a secret is served that was not prepared: ${source.kind} ${source.name}`);
      return kept.value;
    });
  }

  /** Counts the changes of values. */
  get version(): number {
    return this.#version;
  }

  /** Whether those who serve have values of before. */
  get changed(): boolean {
    return this.#version !== this.#handed;
  }

  /** Those who serve have the values of this version. */
  told(version: number): void {
    this.#handed = version;
  }

  /** Those that are bad by now. */
  faults(): readonly SecretFault[] {
    return [...this.#kept.values()].flatMap(({ place, fault }) => (fault === undefined ? [] : [{ place, ...fault }]));
  }

  /** Looks at all files. */
  look(): void {
    let isChanged = false;
    for (const kept of this.#kept.values()) if (kept.source.kind === 'file') isChanged = this.#lookAt(kept) || isChanged;
    if (!isChanged) return;
    this.#version++;
    this.#deps.onChange();
  }

  close(): void {
    this.#looking?.stop();
    this.#looking = undefined;
  }

  /** Whether it has another value. */
  #lookAt(kept: Kept): boolean {
    const mark = markOf(kept.source);
    const isAtRest = mark === kept.seen;
    kept.seen = mark;
    if (!isAtRest || (mark === kept.mark && kept.fault === undefined)) return false;
    kept.mark = mark;
    const value = this.#deps.read(kept.source);
    if (isFault(value)) {
      this.#refuse(kept, value.fault);
      return false;
    }
    const isOther = value !== kept.value;
    if (isOther || kept.fault !== undefined) this.#tell('secret-read', kept, {});
    kept.fault = undefined;
    kept.value = value;
    return isOther;
  }

  #refuse(kept: Kept, reason: string): void {
    if (kept.fault?.reason === reason) return;
    kept.fault = { reason, sinceMs: kept.fault?.sinceMs ?? this.#deps.clock.wallMs() };
    this.#tell('secret-refused', kept, { reason });
  }

  #tell(kind: 'secret-read' | 'secret-refused', { place }: Kept, facts: object): void {
    const { journal, log, revision } = this.#deps;
    if (kind === 'secret-read') log.info({ place }, 'a secret was read again');
    else log.error({ place, ...facts }, 'a secret cannot be read: its last value is used on');
    journal.record(kind, { author: '', revision: revision() }, { place, ...facts }).catch(() => undefined);
  }
}

function markOf({ kind, name }: SecretSource): string {
  return kind === 'env' ? '' : fileMark(name);
}
