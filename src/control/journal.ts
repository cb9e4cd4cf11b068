// What happened, in order: written to the store, told to who follows. It decides nothing.

import { formatDifference } from '../config/diff.ts';
import { withPresentKeys, withPresentPaths } from '../config/former-keys.ts';
import type { Difference } from '../config/diff.ts';
import { jsonPieces } from '../config/print-pieces.ts';
import { parseInTurns } from '../lib/json-in-turns.ts';
import { Pace, textInTurns } from '../lib/pace.ts';
import { StoreFailed } from '../store/store-errors.ts';
import type { EntryQuery, JournalEntry, NewEntry, Note, Store, StoredRevision } from '../store/store.ts';
import type { JournalLine } from '../api/journal.ts';
import type { JournalKind } from '../api/journal-kinds.ts';
import type { RevisionSummary } from '../api/revisions.ts';
import { packText, unpackText } from './packed-text.ts';

/** What a new revision says of itself. */
export interface NewRevision {
  readonly number: number;
  readonly cause: string;
  readonly author: string;
  readonly reason: string;
  /** What the API changed over the file, as it stands now. */
  readonly amendments: readonly unknown[];
  /** The whole desired config in the words of the grammar: JSON, in pieces; what is long is kept packed. */
  readonly written: () => Iterable<string>;
  readonly differences: readonly Difference[];
  /** Further facts for the journal. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** A revision as it comes back. */
export interface KeptRevision {
  readonly summary: RevisionSummary;
  readonly written: unknown;
  readonly amendments: unknown;
}

/** The same, with its config unread. */
export interface SeenRevision extends Pick<KeptRevision, 'summary'> {
  readonly written: (pace: Pace) => Promise<unknown>;
}

/** What the process before has left. */
export interface Left {
  readonly latest: KeptRevision | undefined;
  readonly notes: readonly Note[];
}

/** Each holds a whole config. */
const MAX_LATE = 16;
/** Bounds what one journal line repeats of a revision. */
const MAX_SHOWN_DIFFERENCES = 50;

interface Late {
  readonly revision: NewRevision;
  readonly stored: StoredRevision;
}

export class Journal {
  readonly #store: Store;
  readonly #wallMs: () => number;
  /** Of the newest revision; where there is none, that behind which the first one begins. */
  #number: number;
  /** In force, and not kept yet; oldest first. */
  readonly #late: Late[] = [];
  /** What was made of those that could not be kept: it takes long. */
  readonly #texts = new WeakMap<NewRevision, Pick<StoredRevision, 'written' | 'amendments'>>();
  readonly #followers = new Set<(line: JournalLine) => void>();
  /** Settles when followers have heard of everything that was written before. */
  #told: Promise<unknown> = Promise.resolve();

  private constructor(store: Store, wallMs: () => number, number: number) {
    this.#store = store;
    this.#wallMs = wallMs;
    this.#number = number;
  }

  /** @param wallMs milliseconds since the epoch */
  static async open(store: Store, wallMs: () => number): Promise<{ readonly journal: Journal; readonly left: Left }> {
    const [latest, notes] = await Promise.all([store.latest(), store.notes()]);
    const journal = new Journal(store, wallMs, store.lastRevision);
    return { journal, left: { latest: latest && (await revisionOf(latest)), notes } };
  }

  /** Of the newest revision, kept or late; where there is none, that behind which the first one begins. */
  get number(): number {
    return this.#number;
  }

  /** Durable when it resolves, with all that were late. Rejects when it cannot be kept; then it was not. One call at a time. */
  async keep(revision: NewRevision): Promise<void> {
    if (this.#late.length > 0) await this.#catchUp();
    const texts = { written: await packText(revision.written()), amendments: await textInTurns(jsonPieces(revision.amendments)) };
    this.#texts.set(revision, texts);
    await this.#append(this.#stamp(revision, texts));
    this.#number = revision.number;
  }

  /**
   * For a revision that is in force although it could not be kept, since its file is: it is kept before the next one.
   * Throws when too many are late.
   */
  keepLater(revision: NewRevision): void {
    if (this.#late.length >= MAX_LATE) throw new Error(`more than ${MAX_LATE} revisions in a row could not be kept`);
    const made = this.#texts.get(revision);
    const texts = made ?? { written: [...revision.written()].join(''), amendments: JSON.stringify(revision.amendments) };
    this.#late.push(this.#stamp(revision, texts));
    this.#number = revision.number;
  }

  /** The last chance for what is late. Never rejects. */
  async close(): Promise<void> {
    try {
      await this.#catchUp();
    } catch {
      // It was told when it could not be kept; the file still says it.
    }
  }

  async #catchUp(): Promise<void> {
    for (;;) {
      const [oldest] = this.#late;
      if (oldest === undefined) return;
      await this.#append(oldest);
      this.#late.shift();
    }
  }

  #stamp(revision: NewRevision, texts: Pick<StoredRevision, 'written' | 'amendments'>): Late {
    const { number, cause, author, reason, differences } = revision;
    return {
      revision,
      stored: { number, atMs: this.#wallMs(), cause, author, reason, ...texts, differences: JSON.stringify(differences) },
    };
  }

  async #append({ revision, stored }: Late): Promise<void> {
    const { number, cause, author, reason, differences, facts } = revision;
    const changes = differences.slice(0, MAX_SHOWN_DIFFERENCES).map(formatDifference);
    const detail = { cause, reason, changes, changeCount: differences.length, ...facts };
    const entry = { atMs: stored.atMs, kind: 'revision', author, revision: number, detail: JSON.stringify(detail) };
    await this.#tellOf(this.#store.compareAndAppend(number - 1, stored, entry), detail);
  }

  /** A thing that made no revision. What cannot be kept is told to followers all the same. */
  async record(
    kind: JournalKind,
    by: { readonly author: string; readonly revision: number },
    detail: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const entry = { atMs: this.#wallMs(), kind, ...by, detail: JSON.stringify(detail) };
    await this.#tellOf(this.#recorded(entry), detail);
  }

  /** The same, with a note that outlasts it; both are durable when it resolves. Rejects when they cannot be kept; then neither was. */
  async note(note: Note, entry: Omit<JournalLine, 'seq' | 'atMs'>): Promise<JournalLine> {
    return this.#tellOf(this.#store.note(note, { ...entry, atMs: this.#wallMs(), detail: JSON.stringify(entry.detail) }), entry.detail);
  }

  /** A note that is set often, without an entry. Rejects when the store fails. */
  async keepNote(note: Note): Promise<void> {
    await this.#store.keepNote(note);
  }

  /** Rejects when the store fails. */
  async dropNotes(names: readonly string[]): Promise<void> {
    if (names.length > 0) await this.#store.dropNotes(names);
  }

  /** Numbers of the oldest and the newest line on record. */
  get span(): { readonly first: number; readonly last: number } {
    return { first: this.#store.firstSeq, last: this.#store.lastSeq };
  }

  async lines(query: EntryQuery): Promise<readonly JournalLine[]> {
    const entries = await this.#store.entries(query);
    return entries.map((entry) => ({ ...entry, detail: JSON.parse(entry.detail) as JournalLine['detail'] }));
  }

  follow(onLine: (line: JournalLine) => void): () => void {
    this.#followers.add(onLine);
    return () => void this.#followers.delete(onLine);
  }

  async revisions({ before, limit }: { readonly before: number | undefined; readonly limit: number }): Promise<readonly RevisionSummary[]> {
    const late = this.#late.map(({ stored }) => stored).filter(({ number }) => before === undefined || number < before);
    const kept = await this.#store.list(before === undefined ? { limit } : { before, limit });
    // What was late may have been kept meanwhile.
    const newest = kept[0]?.number ?? 0;
    return [...late.filter(({ number }) => number > newest).reverse(), ...kept].slice(0, limit).map(summaryOf);
  }

  /** A revision, whole. @param pace in whose turns it is read: it may be long */
  async find(number: number, pace: Pace = new Pace()): Promise<KeptRevision | undefined> {
    const stored = await pace.apart(() => this.#stored(number));
    if (stored === undefined) return undefined;
    const text = await pace.apart(() => unpackText(stored.written));
    const parsed = await parseInTurns(text, pace);
    await pace.rest();
    const written = withPresentKeys(parsed);
    await pace.rest();
    return { summary: summaryOf(stored), written, amendments: withPresentPaths(await parseInTurns(stored.amendments, pace)) };
  }

  /** What a revision says of itself, and what reads its config when that is asked for. */
  async look(number: number): Promise<SeenRevision | undefined> {
    const stored = await this.#stored(number);
    if (stored === undefined) return undefined;
    const written: SeenRevision['written'] = async (pace) => {
      const text = await pace.apart(() => unpackText(stored.written));
      const parsed = await parseInTurns(text, pace);
      await pace.rest();
      return withPresentKeys(parsed);
    };
    return { summary: summaryOf(stored), written };
  }

  async #stored(number: number): Promise<StoredRevision | undefined> {
    return this.#late.find(({ stored }) => stored.number === number)?.stored ?? (await this.#store.find(number));
  }

  /** What is not kept gets no number of its own: who resumes after it misses nothing that is kept. */
  async #recorded(entry: NewEntry): Promise<JournalEntry> {
    try {
      return await this.#store.record(entry);
    } catch (error) {
      if (error instanceof StoreFailed) return { ...entry, seq: this.#store.lastSeq };
      throw error;
    }
  }

  /** Tells followers of what is being written, in the order in which it was begun. Rejects when it is not written. */
  #tellOf(written: Promise<JournalEntry>, detail: JournalLine['detail']): Promise<JournalLine> {
    const before = this.#told;
    const told = this.#tellAfter(before, written, detail);
    this.#told = told.catch(() => undefined);
    return told;
  }

  async #tellAfter(before: Promise<unknown>, written: Promise<JournalEntry>, detail: JournalLine['detail']): Promise<JournalLine> {
    const line = { ...(await written), detail };
    await before;
    for (const follower of this.#followers) follower(line);
    return line;
  }
}

async function revisionOf(stored: StoredRevision): Promise<KeptRevision> {
  const written = withPresentKeys(JSON.parse(await unpackText(stored.written)));
  const amendments = withPresentPaths(JSON.parse(stored.amendments));
  return { summary: summaryOf(stored), written, amendments };
}

function summaryOf({ number, atMs, author, reason, cause, differences }: StoredRevision): RevisionSummary {
  return { revision: number, atMs, author, reason, cause, differences: JSON.parse(differences) as readonly Difference[] };
}
