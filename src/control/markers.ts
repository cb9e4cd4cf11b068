// Which deploy each version is: said by the one who deploys, kept over restarts, gone with the version. A marker moves no traffic.

import { noSuch } from '../config/suggest.ts';
import type { Config } from '../config/model.ts';
import type { Log } from '../lib/log.ts';
import { StoreFailed } from '../store/store-errors.ts';
import type { Note } from '../store/store.ts';
import type { VersionDeploy } from '../telemetry/version-deploy.ts';
import type { Journal } from './journal.ts';
import type { JournalLine } from '../api/journal.ts';
import type { Marker } from '../api/markers.ts';
import type { ChangeProblem } from '../api/problem.ts';
import type { Adoption } from '../api/scalars.ts';
import type { MarkOutcome, MarkRequest, MarkerQuery } from './control-api.ts';

export interface MarkersDeps {
  readonly journal: Pick<Journal, 'lines' | 'note' | 'dropNotes'>;
  /** What the process before has left. */
  readonly notes: readonly Note[];
  /** Tells all workers; resolves with how many know. Never rejects. */
  readonly tell: (deploys: readonly VersionDeploy[]) => Promise<Adoption>;
  readonly wallMs: () => number;
  readonly log: Log;
}

/** What a mark is judged by. */
export interface InForce {
  readonly revision: number;
  readonly config: Config | undefined;
}

const KIND = 'marker';
const NOTE = 'marker ';
/** Lines of the journal that are searched for recent markers. */
const MAX_SEARCHED = 1000;

export class Markers {
  readonly #deps: MarkersDeps;
  /** By the name of their note. */
  readonly #latest: Map<string, Marker>;

  constructor(deps: MarkersDeps) {
    this.#deps = deps;
    const notes = deps.notes.filter(({ name }) => name.startsWith(NOTE));
    this.#latest = new Map(notes.map(({ name, text }) => [name, readMarker(JSON.parse(text) as StoredMarker)]));
    if (this.#latest.size > 0) void deps.tell(this.#deploys());
  }

  of(pool: string, version: string): Marker | undefined {
    return this.#latest.get(noteName(pool, version));
  }

  /** Durable, in the journal and known to every worker when it resolves. The same marker again changes nothing. */
  async mark(submission: MarkRequest, inForce: InForce): Promise<MarkOutcome> {
    const { revision } = inForce;
    if (submission.expected !== undefined && submission.expected !== revision) return { result: 'stale', revision };
    const { pool, version } = submission.marker;
    if (inForce.config === undefined) return { result: 'failed', message: 'No config is in force.' };
    const problem = findProblem(inForce.config, pool, version);
    if (problem !== undefined) return { result: 'rejected', revision, problems: [problem] };
    const before = this.of(pool, version);
    const changed = before === undefined || !isSame(before, submission.marker);
    const marker = changed ? { ...submission.marker, author: submission.author, atMs: this.#deps.wallMs() } : before;
    if (submission.dryRun) return { result: 'dry-run', revision, changed, marker };
    const fault = changed ? await this.#keep(marker, revision) : undefined;
    if (fault !== undefined) return { result: 'failed', message: fault };
    return { result: 'marked', revision, changed, marker, workers: await this.#deps.tell(this.#deploys()) };
  }

  async list({ pool, version, limit }: MarkerQuery): Promise<{ readonly markers: readonly Marker[]; readonly recent: readonly Marker[] }> {
    const isMeant = (marker: Marker): boolean =>
      (pool === undefined || marker.pool === pool) && (version === undefined || marker.version === version);
    const lines = await this.#deps.journal.lines({ after: 0, limit: MAX_SEARCHED, kind: KIND, from: 'newest' });
    const recent = lines.map(markerIn).filter(isMeant).reverse().slice(0, limit);
    return { markers: [...this.#latest.values()].filter(isMeant), recent };
  }

  /** Forgets markers of versions that this config does not have. */
  retain({ pools }: Config): void {
    const living = new Set(pools.flatMap(({ name, versions }) => versions.map((version) => noteName(name, version.name))));
    const gone = [...this.#latest.keys()].filter((name) => !living.has(name));
    if (gone.length === 0) return;
    for (const name of gone) this.#latest.delete(name);
    void this.#deps.tell(this.#deploys());
    this.#deps.journal.dropNotes(gone).catch((error: unknown) => {
      this.#deps.log.warn({ err: error as Error }, 'markers of versions that are gone could not be removed');
    });
  }

  /** Labels of `sluice_version_info`. */
  *labels(): Iterable<readonly [Readonly<Record<string, string>>, number]> {
    for (const { pool, version, deploy, sha = '' } of this.#latest.values()) yield [{ pool, version, deploy, sha }, 1];
  }

  /** Returns what went wrong. */
  async #keep(marker: Marker, revision: number): Promise<string | undefined> {
    const { journal, log } = this.#deps;
    const { pool, version, deploy, sha, url, reason, author } = marker;
    const name = noteName(pool, version);
    try {
      await journal.note(
        { name, text: JSON.stringify(marker) },
        { kind: KIND, author, revision, detail: { pool, version, deploy, sha, url, reason } },
      );
    } catch (error) {
      if (error instanceof StoreFailed) return error.message;
      throw error;
    }
    this.#latest.set(name, marker);
    log.info({ pool, version, deploy, sha, author, reason }, 'version marked as a deploy');
    return undefined;
  }

  #deploys(): readonly VersionDeploy[] {
    return [...this.#latest.values()].map(({ pool, version, deploy }) => ({ pool, version, deploy }));
  }
}

/** Neither name can have a slash in it. */
function noteName(pool: string, version: string): string {
  return `${NOTE}${pool}/${version}`;
}

function findProblem({ pools }: Config, pool: string, version: string): ChangeProblem | undefined {
  const found = pools.find(({ name }) => name === pool);
  const namesOf = (things: readonly { readonly name: string }[]): readonly string[] => things.map(({ name }) => name);
  if (found === undefined) return { path: 'pool', message: `pool: ${noSuch('pool', pool, namesOf(pools))}` };
  if (found.versions.some(({ name }) => name === version)) return undefined;
  return { path: 'version', message: `version: ${noSuch('version', version, namesOf(found.versions))}` };
}

/** Who said it, when and why is no part of it: who says it again says nothing new. */
function isSame(marker: Marker, asked: MarkRequest['marker']): boolean {
  return marker.deploy === asked.deploy && marker.sha === asked.sha && marker.url === asked.url;
}

type StoredMarker = Omit<Marker, 'sha' | 'url'> & { readonly sha?: string; readonly url?: string };

/** Absent keys of JSON are keys here. */
function readMarker({ pool, version, deploy, sha, url, reason, author, atMs }: StoredMarker): Marker {
  return { pool, version, deploy, sha, url, reason, author, atMs };
}

function markerIn({ detail, author, atMs }: JournalLine): Marker {
  return readMarker({ ...(detail as unknown as StoredMarker), author, atMs });
}
