// Header fields that an operator may not touch or cannot match on.

import { CLIENT_CERT_FIELD, FORWARDED_PREFIX } from '../../http/forwarding-fields.ts';
import { CDN_LOOP_FIELD, VIA_FIELD } from '../../http/way.ts';
import { HOP_BY_HOP_FIELDS } from '../../http/hop-by-hop.ts';
import type { Config, HeaderChanges } from '../model.ts';
import type { Path } from '../path.ts';
import type { Review } from './review.ts';

/** They say where messages end or belong to one connection; the proxy alone writes them. */
const FRAMING = [...HOP_BY_HOP_FIELDS, 'content-length', 'trailer'];

/** Taken out of the header block before routing sees it. */
const UNSEEN = [...FRAMING.filter((name) => name !== 'content-length'), 'host', 'forwarded', 'via', 'x-request-id'];

export function headerChangesKeepFraming(config: Config, review: Review): void {
  for (const [index, route] of config.routes.entries()) {
    if (!isVoid(route.requestHeaders)) {
      checkChanges(review, ['routes', index, 'requestHeaders'], route.requestHeaders);
      checkWay(review, ['routes', index, 'requestHeaders'], route.requestHeaders);
    }
    if (!isVoid(route.responseHeaders)) checkChanges(review, ['routes', index, 'responseHeaders'], route.responseHeaders);
    if (route.action.kind !== 'respond') continue;
    checkNames(
      review,
      ['routes', index, 'respond', 'headers'],
      route.action.respond.headers.map(([name]) => name),
    );
  }
}

function isVoid({ set, add, remove }: HeaderChanges): boolean {
  return set.length + add.length + remove.length === 0;
}

/** Two spellings of one name leave open which one counts. */
export function headerNamesAreUnique(config: Config, review: Review): void {
  for (const [index, route] of config.routes.entries()) {
    for (const key of ['requestHeaders', 'responseHeaders'] as const) {
      const { set } = route[key];
      if (set.length < 2) continue;
      uniqueSpelling(
        review,
        ['routes', index, key, 'set'],
        set.map(([name]) => name),
      );
    }
    for (const [entry, { headers }] of route.match.entries()) {
      if (headers.length === 0) continue;
      const path = ['routes', index, 'match', entry, 'headers'];
      uniqueSpelling(review, path, Object.keys((review.written(path) as object | undefined) ?? {}));
    }
  }
}

export function headersOfRoutesAreSeen(config: Config, review: Review): void {
  for (const [index, route] of config.routes.entries()) {
    for (const [entry, { headers }] of route.match.entries()) {
      if (headers.length === 0) continue;
      const path = ['routes', index, 'match', entry, 'headers'];
      for (const name of Object.keys((review.written(path) as object | undefined) ?? {})) checkSeen(review, [...path, name], name, 'key');
    }
  }
}

export function headersOfPoolsAreSeen(config: Config, review: Review): void {
  for (const { name: pool, overrides, affinity } of config.pools) {
    if (affinity?.kind === 'header') checkSeen(review, ['pools', pool, 'affinity', 'header'], affinity.name, 'value');
    for (const [index, { source }] of overrides.entries()) {
      if (source.kind === 'header') checkSeen(review, ['pools', pool, 'overrides', index, 'header', 'name'], source.name, 'value');
    }
  }
}

export function checkChanges(review: Review, path: Path, changes: HeaderChanges): void {
  checkNames(
    review,
    [...path, 'set'],
    changes.set.map(([name]) => name),
  );
  checkNames(
    review,
    [...path, 'add'],
    changes.add.map(([name]) => name),
  );
  for (const [index, name] of changes.remove.entries())
    checkName(review, [...path, 'remove', index], name, { side: 'value', hostKey: 'rewrite: { host: … }' });
}

/** Where neither of them is sent, nobody can tell that a request goes round. */
function checkWay(review: Review, path: Path, { set, remove }: HeaderChanges): void {
  const gone = new Set([...remove, ...set.map(([name]) => name)].map((name) => name.toLowerCase()));
  if (gone.has(VIA_FIELD) && gone.has(CDN_LOOP_FIELD)) review.notice(path, 'without via and cdn-loop a loop of proxies is not noticed');
}

/** @param hostKey where the Host is set instead */
export function checkNames(review: Review, path: Path, names: readonly string[], hostKey = 'rewrite: { host: … }'): void {
  for (const name of names) checkName(review, [...path, name], name, { side: 'key', hostKey });
}

interface Named {
  readonly side: 'key' | 'value';
  readonly hostKey: string;
}

function checkName(review: Review, path: Path, name: string, { side, hostKey }: Named): void {
  const lower = name.toLowerCase();
  if (lower === 'host') review.problem(path, `host cannot be changed here: use ${hostKey}`, side);
  else if (FRAMING.includes(lower)) review.problem(path, `${lower} belongs to the framing of messages and cannot be changed`, side);
}

export function checkSeen(review: Review, path: Path, name: string, side: 'key' | 'value'): void {
  const lower = name.toLowerCase();
  if (lower === 'host') review.problem(path, 'host cannot be matched as a header: use hosts of the route', side);
  else if (UNSEEN.includes(lower) || (lower.startsWith(FORWARDED_PREFIX) && lower !== CLIENT_CERT_FIELD))
    review.problem(path, `${lower} belongs to the proxy and cannot be matched`, side);
}

/** Of a response; all but its length is taken out of the header block before anything is compared. */
export function checkCompared(review: Review, path: Path, name: string): void {
  if (name === 'content-length' || !FRAMING.includes(name)) return;
  review.problem(path, `${name} belongs to the framing of messages and cannot be compared`);
}

export function uniqueSpelling(review: Review, path: Path, names: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    const before = seen.get(name.toLowerCase());
    if (before === undefined) seen.set(name.toLowerCase(), name);
    else review.problem([...path, name], `"${name}" and "${before}" are the same header`, 'key');
  }
}
