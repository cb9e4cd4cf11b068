// Writes that shadows are missing, so that they can be done again: counted for ever, the latest of each mirror listed. Bounded whatever comes; a
// secret is masked before it is kept.

import type { Config } from '../config/model.ts';
import { mirrorKey } from '../compare/mirror-key.ts';
import type { MissedWrite, UnlistedWrites } from '../compare/mirrored-exchange.ts';
import type { KeptMissedWrite } from './kept-missed-write.ts';
import { maskUrl, textOf } from '../lib/mask.ts';
import type { MissedWrites, ShownMissedWrite } from '../api/missed-writes.ts';
import type { MissedWritesQuery } from './control-api.ts';
import type { MissedWriteFile } from './missed-write-file.ts';

const MAX_OF_MIRROR = 10_000;
/** Over all mirrors; mirrors that have any share them equally. */
const MAX_IN_ALL = 100_000;
/** The same for characters of all texts. */
const MAX_CHARACTERS = 64 * 1024 * 1024;
const MAX_CHARACTERS_OF_MIRROR = MAX_CHARACTERS / 10;
const MAX_TARGET_LENGTH = 2048;
const MAX_TEXT_LENGTH = 300;
const CUT_MARK = '…';

interface Ledger {
  readonly pool: string;
  readonly mirror: string;
  /** Whether writes are copied at all, as the config of now says. */
  isTold: boolean;
  total: number;
  /** Oldest first. */
  readonly writes: ShownMissedWrite[];
  characters: number;
}

export class MissedWriteLedgers {
  /** Of the mirrors that the config has, or is about to have. */
  readonly #ledgers = new Map<string, Ledger>();
  /** Ledgers with a list. */
  #lists = 0;
  readonly #file: Pick<MissedWriteFile, 'read' | 'append' | 'renew' | 'isLarge'> | undefined;
  /** Of the process before, by mirror, until the first config is in force. */
  #kept: ReadonlyMap<string, readonly KeptMissedWrite[]>;

  /** @param file where they outlive the process; undefined: nowhere */
  constructor(file?: Pick<MissedWriteFile, 'read' | 'append' | 'renew' | 'isLarge'>) {
    this.#file = file;
    this.#kept = Map.groupBy(file?.read() ?? [], ({ pool, mirror }) => mirrorKey(pool, mirror));
  }

  /** A config is on its way to the workers: what they tell of its mirrors is taken from now on. */
  expect({ pools }: Config): void {
    for (const { name: pool, mirrors } of pools) {
      for (const { name: mirror, sideEffects } of mirrors) {
        const isTold = sideEffects === 'allow';
        const known = this.#ledgers.get(mirrorKey(pool, mirror));
        if (known === undefined) this.#open(pool, mirror, isTold);
        else known.isTold = isTold;
      }
    }
  }

  /** This config is in force: what is known of other mirrors goes. */
  retain(config: Config): void {
    this.expect(config);
    const living = new Set(config.pools.flatMap(({ name, mirrors }) => mirrors.map((mirror) => mirrorKey(name, mirror.name))));
    let isLess = [...this.#kept.keys()].some((key) => !living.has(key));
    this.#kept = new Map();
    for (const [key, { writes }] of this.#ledgers) {
      if (living.has(key)) continue;
      if (writes.length > 0) {
        this.#lists -= 1;
        isLess = true;
      }
      this.#ledgers.delete(key);
    }
    // What is gone must not come back with a mirror of the same name.
    if (isLess) this.#file?.renew(() => this.#all());
  }

  /** Takes what a worker tells; what is of no known mirror is dropped. */
  add(writes: readonly MissedWrite[], unlisted: readonly UnlistedWrites[]): void {
    const touched = new Set<Ledger>();
    const kept: KeptMissedWrite[] = [];
    const before = this.#lists;
    for (const write of writes) {
      const ledger = this.#ledgers.get(mirrorKey(write.pool, write.mirror));
      if (ledger === undefined) continue;
      if (ledger.writes.length === 0) this.#lists += 1;
      const shown = showWrite(write, ++ledger.total);
      ledger.writes.push(shown);
      ledger.characters += charactersOf(shown);
      touched.add(ledger);
      kept.push({ pool: ledger.pool, mirror: ledger.mirror, ...shown });
    }
    for (const { pool, mirror, count } of unlisted) {
      const ledger = this.#ledgers.get(mirrorKey(pool, mirror));
      if (ledger !== undefined) ledger.total += count;
    }
    // One list more makes the share of all others smaller.
    for (const ledger of this.#lists > before ? this.#ledgers.values() : touched) this.#trim(ledger);
    if (kept.length === 0 || this.#file === undefined) return;
    if (this.#file.isLarge) this.#file.renew(() => this.#all());
    else this.#file.append(kept);
  }

  /** A page of the list of one mirror; empty where nothing is known of it. */
  list({ pool, mirror, after, limit }: MissedWritesQuery): MissedWrites {
    const ledger = this.#ledgers.get(mirrorKey(pool, mirror));
    const writes = ledger?.writes ?? [];
    const first = firstAfter(writes, after);
    const page = writes.slice(first, first + limit);
    const next = first + limit < writes.length ? page.at(-1)?.seq : undefined;
    return { pool, mirror, total: ledger?.total ?? 0, writes: page, next };
  }

  /** Lines of `sluice_shadow_missed_writes_total`: mirrors that copy writes, and those that did. */
  *lines(): Iterable<readonly [Readonly<Record<string, string>>, number]> {
    for (const { pool, mirror, isTold, total } of this.#ledgers.values()) if (isTold || total > 0) yield [{ pool, mirror }, total];
  }

  #open(pool: string, mirror: string, isTold: boolean): void {
    const kept = this.#kept.get(mirrorKey(pool, mirror)) ?? [];
    const writes = kept.map(({ pool: _pool, mirror: _mirror, ...write }): ShownMissedWrite => write).sort((a, b) => a.seq - b.seq);
    const characters = writes.reduce((sum, write) => sum + charactersOf(write), 0);
    const ledger: Ledger = { pool, mirror, isTold, total: writes.at(-1)?.seq ?? 0, writes, characters };
    this.#ledgers.set(mirrorKey(pool, mirror), ledger);
    if (writes.length === 0) return;
    this.#lists += 1;
    this.#trim(ledger);
  }

  #all(): readonly KeptMissedWrite[] {
    return [...this.#ledgers.values()].flatMap(({ pool, mirror, writes }) => writes.map((write) => ({ pool, mirror, ...write })));
  }

  #trim(ledger: Ledger): void {
    const most = Math.min(MAX_OF_MIRROR, Math.floor(MAX_IN_ALL / this.#lists));
    const mostCharacters = Math.min(MAX_CHARACTERS_OF_MIRROR, MAX_CHARACTERS / this.#lists);
    const { writes } = ledger;
    let gone = 0;
    while (gone < writes.length && (writes.length - gone > most || ledger.characters > mostCharacters))
      ledger.characters -= charactersOf(writes[gone++]!);
    if (gone === 0) return;
    writes.splice(0, gone);
    if (writes.length === 0) this.#lists -= 1;
  }
}

function showWrite(write: MissedWrite, seq: number): ShownMissedWrite {
  const { atMs, method, authority, target, requestId, version, primaryStatus, outcome, status } = write;
  return {
    seq,
    atMs,
    method: cut(textOf(method), MAX_TEXT_LENGTH),
    authority: cut(textOf(authority), MAX_TEXT_LENGTH),
    target: cut(maskUrl(textOf(target)), MAX_TARGET_LENGTH),
    id: cut(textOf(requestId), MAX_TEXT_LENGTH),
    version,
    primaryStatus: primaryStatus === 0 ? undefined : primaryStatus,
    reason: outcome === 'ok' ? 'refused' : outcome,
    status: status === 0 ? undefined : status,
  };
}

/** Copies: a slice would keep all of the text that it was cut from. */
function cut(text: string, longest: number): string {
  if (text.length <= longest) return text;
  return Buffer.from(text.slice(0, longest), 'utf8').toString('utf8') + CUT_MARK;
}

function charactersOf({ method, authority, target, id }: ShownMissedWrite): number {
  return method.length + authority.length + target.length + id.length;
}

/** Position of the first write with a greater number: they rise, with gaps. */
function firstAfter(writes: readonly ShownMissedWrite[], seq: number): number {
  let [low, high] = [0, writes.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (writes[middle]!.seq <= seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
