// Reads texts of strangers where they can block and end nothing: what is small and plain at once, all else in a thread that starts when it is
// needed and ends when it was not for a while. Never rejects: what cannot be read in its time and memory has a Problem.

import { adoptDecoded, decodeRead, readSent } from '../config/decode.ts';
import type { FileRead, LoadResult } from '../config/decode.ts';
import type { EndpointList } from '../config/endpoint-file.ts';
import { loadEndpoints, readConfig, readFitting, sizeOf, withSecrets } from '../config/load.ts';
import { shareMaskKey } from '../config/mask.ts';
import type { InForce } from '../config/mask.ts';
import { BEGINNING, refuseByBeginning } from '../config/parse.ts';
import type { Problem } from '../config/problem.ts';
import { isPlainYaml } from '../config/plain-yaml/reader.ts';
import type { Place } from '../config/source.ts';
import type { Reading } from '../control/ports.ts';
import type { Loaded } from '../control/submission.ts';
import { after, soon } from '../lib/clock.ts';
import type { Timer } from '../lib/clock.ts';
import { KnownPools } from './known-pools.ts';
import type { Pools } from './known-pools.ts';
import { KnownRoutes } from './known-routes.ts';
import { ReadingLife } from './reading-life.ts';
import type { Failure } from './reading-life.ts';
import type { Job, ReadConfig } from './reading-messages.ts';
import type { RouteLists } from './route-pieces.ts';

const MIB = 1024 * 1024;
/** Plain texts of this size are parsed and judged in some milliseconds. */
const MAX_AT_ONCE = 16 * 1024;
/** Before anything is served nobody waits; the library needs some tens of milliseconds for so much. */
const MAX_AT_START = 64 * 1024;
const IDLE_MS = 3_000;
/** For each job: to start the thread, and for each MiB of text. */
const [LEAST_MS, MS_PER_MIB] = [1_900, 2_000];
const [LEAST_HEAP_MB, HEAP_MB_PER_MIB] = [48, 48];

export class Reader implements Reading {
  #life: ReadingLife | undefined = undefined;
  #idle: Timer | undefined = undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #isClosed = false;
  readonly #knownPools = new KnownPools();
  readonly #knownRoutes = new KnownRoutes();

  /** The config that is served first. */
  async first(path: string): Promise<Required<Loaded>> {
    return sizeOf(path) <= MAX_AT_START ? decoded(readConfig(path)) : this.#config({ kind: 'config', path }, path, sizeOf(path));
  }

  async config(path: string): Promise<Required<Loaded>> {
    const size = sizeOf(path);
    if (size <= MAX_AT_ONCE) {
      const here = readFitting(path, isPlainYaml);
      if (here !== undefined) return decoded(here);
    }
    return this.#config({ kind: 'config', path }, path, size);
  }

  async text(file: string, text: string | Uint8Array, inForce?: InForce): Promise<LoadResult> {
    if (typeof text === 'string' && text.length <= MAX_AT_ONCE && isPlainYaml(text)) return decodeRead(readSent(file, text, inForce));
    const { length } = text;
    if (typeof text !== 'string') {
      const refusal = refuseByBeginning(file, beginningOf(text), length);
      if (refusal !== undefined) return refused(file, refusal).alone;
    }
    return (await this.#config({ kind: 'text', file, text, inForce }, file, length)).alone;
  }

  async endpoints(path: string): Promise<EndpointList> {
    const size = sizeOf(path);
    if (size <= MAX_AT_ONCE / 4) return loadEndpoints(path);
    const found = await this.#inTurn(() => this.#run({ kind: 'endpoints', path }, Math.min(size, MIB)));
    if ('fault' in found) return { endpoints: undefined, problems: [problemOf(path, found)] };
    return found.kind === 'endpoints' ? found.list : { endpoints: undefined, problems: [] };
  }

  /** Ends the thread as soon as it has nothing to do, and with it what it holds. */
  rest(): Promise<void> {
    this.#idle?.stop();
    return this.#inTurn(() => this.#end());
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#idle?.stop();
    await this.#life?.stop();
  }

  #config(job: Job, file: string, size: number): Promise<Required<Loaded>> {
    return this.#inTurn(async () => {
      try {
        const found = await this.#run(job, size);
        if ('fault' in found) return failed(file, found);
        if (found.kind !== 'config') throw new Error(`unexpected message from the reading thread: ${found.kind}`);
        return await this.#collect(found, job, file);
      } finally {
        if (size > MIB) await this.#endLarge(job);
      }
    });
  }

  /** What a large text took goes with its thread: that of one that was sent, which may be followed by others, before anybody is told. */
  async #endLarge({ kind }: Job): Promise<void> {
    this.#idle?.stop();
    const ended = this.#end();
    if (kind === 'text') await ended;
  }

  /** Its pools and routes, part by part: between two of them everything else has its turn. */
  async #collect(found: ReadConfig, job: Job, file: string): Promise<Required<Loaded>> {
    const { parts } = found;
    if (parts === undefined) return joined(found, undefined);
    const [pools, routes] = [this.#knownPools.collect(), this.#knownRoutes.collect()];
    while (pools.length < parts.pools || routes.length < parts.routes) {
      await new Promise<void>(soon);
      const next = (await this.#life?.more(LEAST_MS)) ?? { fault: 'cannot be read: Sluice is stopping' };
      if ('fault' in next) return failed(file, next);
      if (next.kind !== 'parts' || next.pools.length + next.routes.length === 0)
        throw new Error(`unexpected message from the reading thread: ${next.kind}`);
      for (const piece of next.pools) pools.add(piece);
      for (const piece of next.routes) routes.add(piece);
    }
    const lists = { pools: pools.pools, routes: routes.lists };
    // What the API is sent is mostly thrown away.
    if (job.kind === 'config') {
      this.#knownPools.remember(pools.pieces, lists.pools);
      this.#knownRoutes.remember(routes);
    }
    return joined(found, lists);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async #run(job: Job, size: number): Promise<Awaited<ReturnType<ReadingLife['run']>>> {
    this.#idle?.stop();
    const share = Math.ceil(Math.min(size, 8 * MIB) / MIB);
    const heapMb = LEAST_HEAP_MB + HEAP_MB_PER_MIB * share;
    if (this.#life !== undefined && (this.#life.hasEnded || this.#life.heapMb < heapMb)) await this.#end();
    if (this.#isClosed) return { fault: 'cannot be read: Sluice is stopping' };
    try {
      shareMaskKey();
      this.#life ??= new ReadingLife({ heapMb });
    } catch (error) {
      return { fault: `cannot be read: ${error instanceof Error ? error.message : String(error)}` };
    }
    const found = await this.#life.run(job, LEAST_MS + MS_PER_MIB * (size / MIB));
    this.#idle = after(IDLE_MS, () => void this.#inTurn(() => this.#end()), { unref: true });
    return found;
  }

  async #end(): Promise<void> {
    const life = this.#life;
    this.#life = undefined;
    await life?.stop();
  }
}

function decoded(read: FileRead): Required<Loaded> {
  return { read, alone: withSecrets(read, decodeRead(read)) };
}

/** The character that it ends within, if there is one, is left out. */
function beginningOf(text: Uint8Array): string {
  return new TextDecoder().decode(text.subarray(0, BEGINNING), { stream: true });
}

interface Lists {
  readonly pools: Pools;
  readonly routes: RouteLists;
}

/** @param lists what came in parts */
function joined({ load, read, value }: ReadConfig, lists: Lists | undefined): Required<Loaded> {
  const whole = value && lists ? { ...value, pools: lists.pools.written, routes: lists.routes.written } : value;
  const meant = load.config && lists ? { ...load.config, pools: lists.pools.config, routes: lists.routes.config } : load.config;
  // Its places are lost with the thread. Nobody asks for them: what is sent over a file has none in it.
  const place = (): Place => ({ file: read.files[0] ?? '', line: 1, column: 1 });
  const file: FileRead = { ...read, document: whole && { value: whole, problems: [], place } };
  const alone: LoadResult = { ...load, config: meant, written: meant && whole };
  adoptDecoded(file, alone);
  return { read: file, alone };
}

function failed(file: string, failure: Failure): Required<Loaded> {
  return refused(file, problemOf(file, failure));
}

function refused(file: string, problem: Problem): Required<Loaded> {
  const problems = [problem];
  const read: FileRead = { files: [file], problems, document: undefined };
  return { read, alone: decodeRead(read) };
}

function problemOf(file: string, { fault }: Failure): Problem {
  return { file, line: 1, column: 1, path: '', message: `the text ${fault}` };
}
