// The routes that were read last: those that a text says again stay the same objects, and the whole list when it says all of it again. What
// is worked out once for each object or list, or was sent to the workers before, is then not worked out or sent again.

import type { RouteConfig } from '../config/model.ts';
import { readPiece } from './route-pieces.ts';
import type { RouteLists, RoutePiece } from './route-pieces.ts';
import { sameCloned } from './same-cloned.ts';

/** Where the routes of a piece stand in the lists. */
interface Place {
  readonly piece: RoutePiece;
  readonly from: number;
}

interface Known {
  readonly lists: RouteLists;
  readonly places: readonly Place[];
}

const NOTHING: Known = { lists: { config: [], written: [] }, places: [] };
/** Where a piece differs, its routes are looked for among so many that stood about there. */
const MAX_NEAR = 1_000;

export class KnownRoutes {
  /** Weak: the config in force holds its list, and nothing else need. */
  #config: WeakRef<readonly RouteConfig[]> | undefined = undefined;
  readonly #known = new WeakMap<readonly RouteConfig[], Known>();

  /** From now on these are known, in place of those before. */
  remember(collection: Collection): void {
    const { lists, places } = collection;
    this.#config = new WeakRef(lists.config);
    this.#known.set(lists.config, { lists, places });
  }

  /** Begins with a list of which no route has come yet. */
  collect(): Collection {
    const config = this.#config?.deref();
    return new Collection((config && this.#known.get(config)) ?? NOTHING);
  }
}

export class Collection {
  readonly places: Place[] = [];
  readonly #known: Known;
  readonly #byText: ReadonlyMap<string, Place>;
  readonly #config: RouteConfig[] = [];
  readonly #written: unknown[] = [];
  /** Whether each so far is the one that stood at its place. */
  #isKnown = true;
  /** In the lists that are known, after the piece that was found last. */
  #next = 0;

  constructor(known: Known) {
    this.#known = known;
    this.#byText = new Map(known.places.map((place) => [place.piece.text, place]));
  }

  get length(): number {
    return this.#config.length;
  }

  /** The next ones. */
  add(piece: RoutePiece): void {
    const place = this.#byText.get(piece.text);
    const from = this.#config.length;
    this.#isKnown &&= place?.from === from;
    this.places.push({ piece: place?.piece ?? piece, from });
    if (place === undefined) return this.#read(piece);
    const { config, written } = this.#known.lists;
    this.#next = place.from + place.piece.count;
    for (let at = place.from; at < this.#next; at++) this.#push(config[at]!, written[at]);
  }

  /** What is written stays only together with what it means: each is remembered by the other. */
  #read(piece: RoutePiece): void {
    const { config, written } = readPiece(piece);
    const known = this.#known.lists;
    const near = this.#near();
    for (let index = 0; index < config.length; index++) {
      const at = near.get(config[index]!.name);
      if (at !== undefined && sameCloned(written[index], known.written[at])) this.#push(known.config[at]!, known.written[at]);
      else this.#push(config[index]!, written[index]);
    }
  }

  #near(): ReadonlyMap<string, number> {
    const { config } = this.#known.lists;
    const near = new Map<string, number>();
    const end = Math.min(config.length, this.#next + MAX_NEAR);
    for (let at = Math.max(0, this.#next - MAX_NEAR); at < end; at++) near.set(config[at]!.name, at);
    return near;
  }

  #push(config: RouteConfig, written: unknown): void {
    this.#config.push(config);
    this.#written.push(written);
  }

  /** When all have come. */
  get lists(): RouteLists {
    if (this.#isKnown && this.length === this.#known.lists.config.length && this.length > 0) return this.#known.lists;
    return { config: this.#config, written: this.#written };
  }
}
