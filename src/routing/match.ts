// Finds the route of a request on one listener. Reads the request, changes nothing of it, allocates nothing.
//
// All routes whose host fits take part: those of the exact host first, then those of its wildcards from long to short, then those
// of any host. Only when no route of a more specific host fits the whole request is the next one asked, so that a route for every
// host (a health check, a default page) also serves hosts that have routes of their own; `no_route` always means that no route fits.
// Among the routes of one host: exact path, then regular expressions in the order of the file, then the longest prefix.

import { STEP_COUNT } from '../lib/steps.ts';
import type { Steps } from '../lib/steps.ts';
import { Candidate } from './candidate.ts';
import { canonicalConfigHost, hostOfAuthority } from './host.ts';
import { HostIndex } from './host-index.ts';
import { canonicalPath } from './path.ts';
import { PathIndex } from './path-index.ts';
import type { RoutableRequest } from './request.ts';
import type { RouteMatch, RouteTable } from './route-table.ts';

export interface HostGroup {
  /** `shop.example.com`, `*.example.com`, or `*` for any. */
  readonly name: string;
  readonly paths: PathIndex;
  /** The group to ask when no candidate of this one fits. */
  next: HostGroup | undefined;
}

export class Matcher {
  /** Every candidate in the order of the file. */
  readonly candidates: readonly Candidate[];
  readonly #hosts: HostIndex<HostGroup>;
  readonly #any: HostGroup | undefined;
  // Most connections ask for one host again and again.
  #lastAuthority = '';
  #lastGroup: HostGroup | undefined;

  private constructor(candidates: readonly Candidate[], groups: ReadonlyMap<string, PathIndex>) {
    this.candidates = candidates;
    const all = [...groups].map(([host, paths]): [string, HostGroup] => [host, { name: host === '' ? '*' : host, paths, next: undefined }]);
    const named = all.filter(([host]) => host !== '');
    this.#any = all.find(([host]) => host === '')?.[1];
    this.#hosts = new HostIndex(named);
    for (const [host, group] of named) group.next = this.#hosts.wider(host.startsWith('*.') ? host.slice(1) : host) ?? this.#any;
    this.#lastGroup = this.#any;
  }

  /** `routes` are those of the listener, in the order of the file. */
  static *make(routes: readonly RouteTable[]): Steps<Matcher> {
    const byHost = new Map<string, Candidate[]>();
    const candidates: Candidate[] = [];
    for (let index = 0; index < routes.length; index++) {
      const route = routes[index]!;
      const own = route.config.match.map((config, at) => new Candidate(route, config, candidates.length + at));
      candidates.push(...own);
      for (const host of hostsOf(route)) {
        const known = byHost.get(host);
        if (known === undefined) byHost.set(host, [...own]);
        else known.push(...own);
      }
      if (index % STEP_COUNT === STEP_COUNT - 1) yield;
    }
    const groups = new Map<string, PathIndex>();
    for (const [host, own] of byHost) {
      groups.set(host, yield* PathIndex.make(own));
      if (groups.size % STEP_COUNT === 0) yield;
    }
    return new Matcher(candidates, groups);
  }

  /** The route of the request, or undefined when none fits. `request.path` must have passed `isAmbiguousPath`. */
  find(request: RoutableRequest): RouteMatch | undefined {
    const path = canonicalPath(request.path);
    for (let group = this.groupOf(request.authority); group !== undefined; group = group.next) {
      const found = group.paths.find(path, request);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The most specific host group of this authority. */
  groupOf(authority: string): HostGroup | undefined {
    if (authority === this.#lastAuthority) return this.#lastGroup;
    const host = hostOfAuthority(authority);
    const group = this.#hosts.find(host) ?? this.#any;
    this.#lastAuthority = authority;
    this.#lastGroup = group;
    return group;
  }
}

/** Hosts of a route in canonical form, each once; the empty string stands for any. */
export function hostsOf(route: RouteTable): ReadonlySet<string> {
  return route.config.hosts.length === 0 ? new Set(['']) : new Set(route.config.hosts.map(canonicalConfigHost));
}
