// `sluice mirror list|set|remove|clear`: which requests are copied, and to whom.

import type { MirrorState } from '../api/mirrors.ts';
import { ask, show, showJson, showWrite, write, type AdminCall, type WriteOptions } from './admin-call.ts';
import { pathOf } from './admin-client.ts';
import { isMap } from '../lib/plain.ts';
import type { Plain } from '../lib/plain.ts';
import { optionalText } from './fields.ts';
import { readPoolsOf } from './pools-of.ts';
import { readResponse } from './read-response.ts';
import { EXIT, Failure } from './failure.ts';
import { amendMirror, readMirrorFile, readTarget, type MirrorFlags, type MirrorTarget } from './mirror-body.ts';
import { formatShare } from './quantity.ts';
import { formatTable } from './table.ts';
import { visible } from '../lib/visible.ts';

export interface MirrorSetOptions extends WriteOptions, MirrorFlags {
  /** YAML or JSON; `-` is stdin. */
  readonly from?: string | undefined;
}

/** What the flags are laid over. */
interface Start {
  readonly mirror: Plain;
  /** Of the mirror that was read, so that no change in between is lost; undefined where none was read. */
  readonly revision: number | undefined;
}

export async function runMirrorList(call: AdminCall, pool: string | undefined): Promise<void> {
  const { pools } = await readPoolsOf(call, pool);
  const asked = pools.flatMap((each) => each.mirrors.map(({ name }) => mirrorPath(each.name, name)));
  const found: unknown[] = [];
  // One after the other: the API serves a bounded number at a time, and there are few.
  for (const each of asked) found.push(await ask(call, { method: 'GET', path: each }));
  if (call.options.json === true) return showJson(call, found);
  if (found.length === 0) return show(call, ['There is no mirror: sluice mirror set POOL NAME --to VERSION --percent 10 makes one.']);
  const columns = ['POOL', 'NAME', 'TO', 'COPIES', 'SAMPLE', 'SIDE EFFECTS', 'COMPARES', 'BY', 'ONLY'].map((title) => ({ title }));
  show(
    call,
    formatTable(
      columns,
      found.map((each) => rowOf(call, readResponse('MirrorState', each))),
    ),
  );
}

/** With `--to` or `--from` the mirror is what the options say, and nothing else; without either the existing one changes. */
export async function runMirrorSet(call: AdminCall<MirrorSetOptions>, pool: string, name: string): Promise<void> {
  const { options } = call;
  const { mirror, revision } = await startOf(call, pool, name);
  const body = amendMirror(mirror, options, await targetOf(call, pool));
  const expected = { ...call, options: { ...options, ifRevision: options.ifRevision ?? revision } };
  showWrite(call, await write(expected, { method: 'PUT', path: mirrorPath(pool, name), body }, { pool }));
}

export async function runMirrorRemove(call: AdminCall<WriteOptions>, pool: string, name: string): Promise<void> {
  const path = mirrorPath(pool, name);
  // The API takes it for done; a person has misspelt the name.
  await ask(call, { method: 'GET', path });
  showWrite(call, await write(call, { method: 'DELETE', path }, { pool, mirror: name }));
}

/** Takes back everything that the API did to the mirrors of a pool. */
export async function runMirrorClear(call: AdminCall<WriteOptions>, pool: string): Promise<void> {
  showWrite(call, await write(call, { method: 'DELETE', path: pathOf('v1', 'pools', pool, 'mirrors') }, { pool }));
}

export function mirrorPath(pool: string, name: string): string {
  return pathOf('v1', 'pools', pool, 'mirrors', name);
}

async function startOf(call: AdminCall<MirrorSetOptions>, pool: string, name: string): Promise<Start> {
  const { from, to, percent, fraction, sample, method, path, header, sideEffects, compare } = call.options;
  if (from !== undefined) return { mirror: await readMirrorFile(from, name), revision: undefined };
  if (to !== undefined) return { mirror: {}, revision: undefined };
  const flags = [percent, fraction, sample, method, path, header, sideEffects, compare];
  if (flags.every((flag) => flag === undefined))
    throw new Failure(EXIT.usage, 'say what the mirror should be: --to VERSION for a new one, or what should change of one that exists', [
      'Such as --to v2 --percent 10, or --percent 50. --from FILE takes all of it from a file.',
    ]);
  const body = await ask(call, { method: 'GET', path: mirrorPath(pool, name) }, { pool, mirror: name });
  const { mirror: written, revision } = readResponse('MirrorState', body);
  const { name: _, ...mirror } = written;
  return { mirror, revision };
}

async function targetOf(call: AdminCall<MirrorSetOptions>, owner: string): Promise<MirrorTarget | undefined> {
  const { to } = call.options;
  if (to === undefined) return undefined;
  const isPlain = !to.includes('/');
  return readTarget(to, owner, isPlain ? (await readPoolsOf(call, undefined)).pools : []);
}

function rowOf({ terminal }: AdminCall, { pool, name, to, percent, origin, paused, mirror: written }: MirrorState): readonly string[] {
  return [
    pool,
    `${terminal.paint('strong', name)}${paused === true ? terminal.paint('bad', ' (paused)') : ''}`,
    describeTarget(to.pool, to.version ?? '', pool),
    optionalText(written, 'fraction') || formatShare(percent / 100),
    optionalText(written, 'sample'),
    optionalText(written, 'sideEffects') === 'allow' ? terminal.paint('warn', 'allowed') : 'none',
    isMap(written['compare']) ? 'yes' : 'no',
    origin === 'api' ? 'API' : origin,
    describeMatch(written['match']),
  ];
}

/** `v2`, `engine/v2`, `engine as it splits`. */
function describeTarget(pool: string, version: string, owner: string): string {
  if (version === '') return `${pool} as it splits`;
  return pool === owner ? version : `${pool}/${version}`;
}

/** `GET, HEAD /search… x-internal`; empty where all requests fit. */
function describeMatch(match: unknown): string {
  if (!isMap(match)) return '';
  const { methods, paths, headers } = match;
  const texts = (list: unknown): readonly unknown[] => (Array.isArray(list) ? (list as readonly unknown[]) : []);
  const prefixes = texts(paths).map((path) => {
    if (!isMap(path)) return '';
    return optionalText(path, 'exact') || `${optionalText(path, 'prefix')}…`;
  });
  const names = isMap(headers) ? Object.keys(headers) : [];
  const written = texts(methods).filter((method) => typeof method === 'string');
  return [written, prefixes, names]
    .filter((list) => list.length > 0)
    .map((list) => visible(list.join(', ')))
    .join(' ');
}
