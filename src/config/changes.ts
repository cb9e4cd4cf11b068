// What a controller asks for, as amendments to the file: the list that is to be in force from now on, or why it is refused. Pure.

import { isMap, own } from '../lib/plain.ts';
import type { Plain } from '../lib/plain.ts';
import { MAX_AMENDMENTS, amend, amendmentOf, covers } from './amend.ts';
import type { Amendment } from './amend.ts';
import { readField } from './field.ts';
import type { FieldPath } from './field.ts';
import { problemsOf } from './issues.ts';
import { formatPath } from './path.ts';
import type { Path } from './path.ts';
import { plainFault } from './plain.ts';
import { mirror as mirrorSchema } from './schema/mirror.ts';
import { rare, strictMap } from './schema/strict-map.ts';
import { override as overrideSchema } from './schema/affinity.ts';
import { MAX_WEIGHT, salt as saltSchema, weightOf } from './schema/scalar.ts';
import { noSuch } from './suggest.ts';
import { NAME_PATTERN } from './syntax.ts';

/** What a change starts from. */
export interface Standing {
  /** What the file says, without amendments. */
  readonly written: Plain;
  /** Those in force. */
  readonly amendments: readonly Amendment[];
}

export interface ChangeFault {
  /** `unknown`: the pool, version or endpoint that is to be changed is not there. */
  readonly kind: 'unknown' | 'invalid';
  /** As in a Problem: `pools.shop.split.v2`. */
  readonly path: string;
  /** Begins with the path, as in a Problem. */
  readonly message: string;
}

export interface Refused {
  /** At least one. */
  readonly faults: readonly ChangeFault[];
}

/** All amendments from now on, or why it stays as it is. What is as asked for already leaves them equal. */
export type Changed = readonly Amendment[] | Refused;

export function isRefused<T>(found: T | Refused): found is Refused {
  return isMap(found) && Object.hasOwn(found, 'faults');
}

/** What is set together with a split. */
export interface WithSplit {
  /** By version, of those that get another one; empty = none. */
  readonly salts?: Readonly<Record<string, string>> | undefined;
  /** The version under test from now on; empty = none, undefined = as it is. */
  readonly canary?: string | undefined;
}

/** The whole split: versions that `weights` does not name get 0. At least one weight must be above 0, or the pool would respond with 503. */
export function setSplit(standing: Standing, pool: string, weights: Readonly<Record<string, unknown>>, more: WithSplit = {}): Changed {
  const { salts = {}, canary } = more;
  const versions = versionsOf(standing, pool);
  if (isRefused(versions)) return versions;
  const path = ['pools', pool, 'split'];
  const around = ['pools', pool];
  const faults = [
    ...Object.entries(weights).flatMap(([name, weight]) => weightFault([...path, name], weight, versions) ?? []),
    ...Object.entries(salts).flatMap(([name, salt]) => saltFault([...around, 'versions', name, 'salt'], salt, versions) ?? []),
    ...(canary === undefined || canary === '' || versions.includes(canary)
      ? []
      : refuse('invalid', [...around, 'canary'], noSuch('version', canary, versions)).faults),
  ];
  if (faults.length > 0) return { faults };
  const split = weights as Readonly<Record<string, number>>;
  if (!Object.values(split).some((weight) => weight > 0))
    return refuse('invalid', path, 'at least one weight must be above 0: else all requests to the pool get 503');
  const [only, second] = Object.keys(split);
  if (only !== undefined && second === undefined && versions.length > 1) return refuse('invalid', path, oneOfSeveral(only, versions));
  const said = readField(standing.written, path);
  const set = (field: FieldPath, value: string): Amendment => {
    return amendmentOf(standing.written, field, value === '' && readField(standing.written, field) === undefined ? undefined : value);
  };
  return record(standing, [
    amendmentOf(standing.written, path, sameSplit(said, split) ? said : { ...split }),
    ...Object.entries(salts).map(([name, salt]) => set([...around, 'versions', name, 'salt'], salt)),
    ...(canary === undefined ? [] : [amendmentOf(standing.written, [...around, 'canary'], canary === '' ? undefined : canary)]),
  ]);
}

/** Things of a pool that are listed by name, and that a controller sets and takes back. */
type Listed = 'overrides' | 'mirrors';

const LISTED = {
  overrides: {
    one: 'override',
    schema: rare(overrideSchema),
    shape: 'an override must be a map with header, cookie or query, and version',
  },
  mirrors: { one: 'mirror', schema: rare(mirrorSchema), shape: 'a mirror must be a map with version, or pool' },
} as const;

/** Where a thing of this name stands, or is to stand. */
interface Place {
  readonly list: Listed;
  readonly pool: string;
  readonly name: string;
}

/** Adds an override, after those that are there, or replaces the one of this name in its place. `override` is what the YAML says. */
export function setOverride(standing: Standing, pool: string, name: string, override: unknown): Changed {
  return setListed(standing, { list: 'overrides', pool, name }, override);
}

/** The same for a mirror. */
export function setMirror(standing: Standing, pool: string, name: string, mirror: unknown): Changed {
  return setListed(standing, { list: 'mirrors', pool, name }, mirror);
}

/** Removes an override, whether the file or the API set it. One that does not exist counts as removed. */
export function removeOverride(standing: Standing, pool: string, name: string): Changed {
  return removeListed(standing, { list: 'overrides', pool, name });
}

/** The same for a mirror. */
export function removeMirror(standing: Standing, pool: string, name: string): Changed {
  return removeListed(standing, { list: 'mirrors', pool, name });
}

/** Takes back all that the API did to the overrides of a pool: what it added goes, what it changed or removed is again as the file has it. */
export function clearOverrides(standing: Standing, pool: string): Changed {
  return clearListed(standing, 'overrides', pool);
}

/** The same for its mirrors. */
export function clearMirrors(standing: Standing, pool: string): Changed {
  return clearListed(standing, 'mirrors', pool);
}

/** Takes back what the API did to the split of a pool: it is again as the file has it. */
export function resetSplit(standing: Standing, pool: string): Changed {
  const versions = versionsOf(standing, pool);
  if (isRefused(versions)) return versions;
  return standing.amendments.filter((amendment) => !covers({ path: ['pools', pool, 'split'] }, amendment.path));
}

function setListed(standing: Standing, { list, pool, name }: Place, value: unknown): Changed {
  const versions = versionsOf(standing, pool);
  if (isRefused(versions)) return versions;
  const { one, shape: wanted } = LISTED[list];
  const path = ['pools', pool, list, name];
  if (!new RegExp(NAME_PATTERN).test(name))
    return refuse('invalid', path, `${one} name must be 1 to 100 letters, digits, ".", "_" or "-", and begin with a letter or digit`);
  if (!isMap(value)) return refuse('invalid', path, wanted);
  const unfit = plainFault(value);
  if (unfit !== undefined) return refuse('invalid', path, unfit);
  const given = own(value, 'name');
  if (given !== undefined && given !== name)
    return refuse('invalid', [...path, 'name'], `the name must be "${name}", as in the address, or be left out`);
  const named = { name, ...value };
  const faults = listedFaults({ list, pool, name }, named);
  if (faults.length > 0) return { faults };
  const version = own(value, 'version');
  const isHere = own(value, 'pool') === undefined || own(value, 'pool') === pool;
  if (isHere && typeof version === 'string' && !versions.includes(version))
    return refuse('invalid', [...path, 'version'], noSuch('version', version, versions));
  return record(standing, [amendmentOf(standing.written, path, named)]);
}

function removeListed(standing: Standing, { list, pool, name }: Place): Changed {
  const versions = versionsOf(standing, pool);
  if (isRefused(versions)) return versions;
  // A controller that removes what is gone already has what it wants.
  return record(standing, [amendmentOf(standing.written, ['pools', pool, list, name], undefined)]);
}

function clearListed(standing: Standing, list: Listed, pool: string): Changed {
  const versions = versionsOf(standing, pool);
  if (isRefused(versions)) return versions;
  return standing.amendments.filter((amendment) => !covers({ path: ['pools', pool, list] }, amendment.path));
}

/** Puts the amendments of one change over those in force. */
export function record({ written, amendments }: Standing, added: readonly Amendment[]): Changed {
  const { amendments: all, superseded } = amend(written, [...amendments, ...added]);
  const asked = new Set(added.map(({ path }) => formatPath(path)));
  const lost = superseded.filter(({ amendment }) => asked.has(formatPath(amendment.path)));
  if (lost.length === 0) return all;
  const hint = all.length >= MAX_AMENDMENTS ? ': write some of them to the file' : '';
  return { faults: lost.flatMap(({ amendment, reason }) => refuse('invalid', amendment.path, `${reason}${hint}`).faults) };
}

/** What the file and the amendments say together. */
export function standingValue({ written, amendments }: Standing): Plain {
  return amend(written, amendments).value;
}

export function refuse(kind: ChangeFault['kind'], path: Path, message: string): Refused {
  const where = formatPath(path);
  return { faults: [{ kind, path: where, message: `${where}: ${message}` }] };
}

/** Names of the versions of a pool that is there. */
export function versionsOf(standing: Standing, pool: string): readonly string[] | Refused {
  const value = standingValue(standing);
  const versions = readField(value, ['pools', pool, 'versions']);
  if (isMap(versions)) return Object.keys(versions);
  return refuse('unknown', ['pools', pool], noSuch('pool', pool, Object.keys(own(value, 'pools') ?? {})));
}

function weightFault(path: FieldPath, weight: unknown, versions: readonly string[]): readonly ChangeFault[] | undefined {
  const name = path.at(-1) ?? '';
  if (!versions.includes(name)) return refuse('invalid', path, noSuch('version', name, versions)).faults;
  if (typeof weight === 'number' && weight >= 0 && weight <= MAX_WEIGHT) return undefined;
  return refuse('invalid', path, `weight must be a number from 0 to ${MAX_WEIGHT}`).faults;
}

function saltFault(path: FieldPath, salt: unknown, versions: readonly string[]): readonly ChangeFault[] | undefined {
  const name = path.at(-2) ?? '';
  if (!versions.includes(name)) return refuse('invalid', path.slice(0, -1), noSuch('version', name, versions)).faults;
  const { error } = saltSchema().safeParse(salt);
  return error === undefined ? undefined : refuse('invalid', path, error.issues[0]!.message).faults;
}

/** Of old it meant all requests; who writes it may as well mean a share. */
function oneOfSeveral(only: string, versions: readonly string[]): string {
  const others = versions.filter((name) => name !== only).slice(0, 10);
  const rest = others.map((name) => `${JSON.stringify(name)}: 0`).join(', ');
  const first = JSON.stringify(only);
  return `only ${first} of ${versions.length} versions is named: write { ${first}: 1, ${rest} } if it is to get all requests, or name the others with their weights if it is to get a share`;
}

/** Whether both mean the same; a version without a weight has 0. */
function sameSplit(said: unknown, split: Plain): boolean {
  if (!isMap(said)) return false;
  return [...Object.keys(said), ...Object.keys(split)].every((name) => weightOf(own(said, name) ?? 0) === (own(split, name) ?? 0));
}

/** The schema knows one thing alone; where it is wrong it is asked again with all that is around, for the whole path. */
function listedFaults({ list, pool, name }: Place, value: Plain): readonly ChangeFault[] {
  const { schema } = LISTED[list];
  if (schema.safeParse(value).success) return [];
  const document = { pools: { [pool]: { [list]: { [name]: value } } } };
  const around = strictMap({ pools: strictMap({ [pool]: strictMap({ [list]: strictMap({ [name]: schema }) }) }) });
  const { error } = around.safeParse(document);
  const nowhere = { file: '', line: 1, column: 1 };
  const problems = problemsOf(error?.issues ?? [], { value: document, problems: [], place: () => nowhere });
  return problems.map(({ path, message }) => ({ kind: 'invalid', path, message }));
}
