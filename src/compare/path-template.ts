// Path templates: `/users/123/orders/9f1c-44` becomes `/users/{id}/orders/{id}`, so that responses of one call are counted together.
// Bounded per route, whatever clients ask for: what comes after that is counted as `{other}`.

import { ID, looksLikeId } from './identifier.ts';

/** The template of all paths beyond the bound. */
export const OTHER = '{other}';

const MAX_SEGMENTS = 12;
/** Longer paths are not looked at: linear time, small. */
const MAX_PATH_LENGTH = 1024;

/** The template of a path (query and fragment are cut off), by the form of its segments alone. */
export function templateOf(target: string): string {
  const path = pathOf(target);
  if (path.length > MAX_PATH_LENGTH) return OTHER;
  const segments = path.split('/', MAX_SEGMENTS + 2);
  const isLonger = segments.length > MAX_SEGMENTS + 1;
  const kept = isLonger ? segments.slice(0, MAX_SEGMENTS + 1) : segments;
  return kept.map(generalise).join('/') + (isLonger ? '/{more}' : '');
}

/** Knows the templates of each route, first come, and at most so many of them. */
export class PathTemplates {
  readonly #mostPerRoute: number;
  readonly #known = new Map<string, Set<string>>();
  #left: number;

  constructor(mostPerRoute: number, mostInAll: number) {
    this.#mostPerRoute = mostPerRoute;
    this.#left = mostInAll;
  }

  /** The template under which a request of this route is counted; a new one is remembered. */
  learn(route: string, target: string): string {
    const template = templateOf(target);
    const known = this.#known.get(route);
    if (known?.has(template) === true) return template;
    if (this.#left === 0 || (known?.size ?? 0) >= this.#mostPerRoute) return OTHER;
    this.#left--;
    if (known === undefined) this.#known.set(route, new Set([template]));
    else known.add(template);
    return template;
  }

  /** The same for a request whose path may lead nowhere: scanners shall not use up the places. */
  find(route: string, target: string): string {
    const template = templateOf(target);
    return this.#known.get(route)?.has(template) === true ? template : OTHER;
  }
}

function pathOf(target: string): string {
  let end = target.length;
  for (const mark of ['?', '#']) {
    const at = target.indexOf(mark);
    if (at >= 0 && at < end) end = at;
  }
  return target.slice(0, end);
}

function generalise(segment: string): string {
  if (segment === '') return segment;
  // What is escaped was not written by a programmer, and may name a person.
  if (segment.includes('%') || !/^[\x21-\x7e]+$/.test(segment)) return ID;
  return looksLikeId(segment) ? ID : segment;
}
