// Routes on their way to the control thread: cut into pieces of text. The cuts go by what the routes are named, so that a route more or less
// changes one piece and no other.

import type { Config, RouteConfig } from '../config/model.ts';
import { isPlainRoute, plainRoute } from '../config/schema/plain-route.ts';
import { hashString } from '../lib/hash.ts';

export interface RoutePiece {
  /** The routes as they are written, as a JSON list. */
  readonly text: string;
  readonly count: number;
  /** By position in the piece: what routes mean that `plainRoute` does not read. */
  readonly decoded: ReadonlyMap<number, RouteConfig>;
}

const SEED = 0x70_1e_ce_5a;
/** About so many routes make a piece. */
const MEAN_COUNT = 128;
/** In characters; to take a piece of so many costs about a millisecond. */
const MAX_LENGTH = 32 * 1024;

/** @param routes that are valid, and how they are written */
export function* cutRoutes(routes: Config['routes'], written: readonly unknown[]): Generator<RoutePiece, void> {
  let texts: string[] = [];
  let length = 0;
  let decoded = new Map<number, RouteConfig>();
  for (let index = 0; index < routes.length; index++) {
    const route = routes[index]!;
    const text = JSON.stringify(written[index]);
    if (!isPlainRoute(route)) decoded.set(texts.length, route);
    texts.push(text);
    length += text.length;
    const isLast = index === routes.length - 1;
    if (!isLast && length < MAX_LENGTH && hashString(route.name, SEED) % MEAN_COUNT !== 0) continue;
    yield { text: `[${texts.join(',')}]`, count: texts.length, decoded };
    texts = [];
    length = 0;
    decoded = new Map();
  }
}

/** Both lists, equally long. */
export interface RouteLists {
  readonly config: Config['routes'];
  readonly written: readonly unknown[];
}

/** The routes of a piece again. */
export function readPiece({ text, decoded }: RoutePiece): RouteLists {
  const written = JSON.parse(text) as readonly unknown[];
  const config = written.map((route, index) => {
    const meant = decoded.get(index) ?? plainRoute(route);
    if (meant === undefined) throw new Error('a route came without what it means');
    return meant;
  });
  return { config, written };
}
