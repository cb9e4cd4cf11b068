// What the admin API answers, read with care: only what is shown is asked for, texts become safe to print, and an answer of
// another shape ends the command with words instead of a stack. Long because it is a list: one reader per answer.

import { EXIT, Failure } from './failure.ts';
import { visible } from './visible.ts';

export type Fields = Readonly<Record<string, unknown>>;

interface Adoption {
  readonly applied: number;
  readonly total: number;
}

export interface DifferenceResponse {
  readonly path: string;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

export interface WriteResponse {
  readonly revision: number;
  /** Undefined for a dry run. */
  readonly workers: Adoption | undefined;
  readonly differences: readonly DifferenceResponse[];
  /** Pools whose users follow the weights at once. */
  readonly moved: readonly string[];
  /** What a dry run foresees; a server of an older release says nothing of it. */
  readonly impact: ImpactResponse | undefined;
}

export interface ImpactResponse {
  /** Share of the users of each pool, 0 to 1. */
  readonly pools: readonly { readonly pool: string; readonly users: number }[];
  readonly compared: number;
  readonly otherwise: number;
  /** 0 to 1. */
  readonly share: number;
}

/** What is left of a drain. */
interface DrainResponse {
  readonly inFlightAtStart: number;
  /** Undefined while nothing has ended. */
  readonly estimateMs: number | undefined;
  /** Milliseconds since the epoch; undefined = as long as it takes. */
  readonly deadline: number | undefined;
}

export interface MarkerResponse {
  readonly pool: string;
  readonly version: string;
  readonly deploy: string;
  readonly sha: string;
  readonly url: string;
  readonly reason: string;
  readonly author: string;
  readonly atMs: number;
}

export interface EndpointResponse {
  readonly address: string;
  readonly weight: number;
  readonly zone: string;
  readonly ready: boolean;
  readonly reason: string;
  readonly inFlight: number;
  readonly connections: number;
  readonly drain: DrainResponse | undefined;
}

export interface VersionResponse {
  readonly name: string;
  readonly weight: number;
  /** 0 to 1. */
  readonly share: number;
  readonly ready: boolean;
  readonly draining: boolean;
  readonly inFlight: number;
  readonly connections: number;
  /** Undefined where the pool does not count them. */
  readonly users: number | undefined;
  readonly endpoints: readonly EndpointResponse[];
  /** Empty when nobody has said which. */
  readonly deploy: string;
  readonly drain: DrainResponse | undefined;
}

export interface PoolResponse {
  readonly name: string;
  readonly revision: number;
  readonly workers: Adoption;
  readonly versions: readonly VersionResponse[];
  readonly overrides: readonly { readonly name: string; readonly version: string; readonly origin: string }[];
  readonly mirrors: readonly { readonly name: string }[];
}

export interface RevisionResponse {
  readonly revision: number;
  readonly atMs: number;
  readonly author: string;
  readonly reason: string;
  readonly cause: string;
  readonly differences: readonly DifferenceResponse[];
}

export interface JournalResponse {
  readonly seq: number;
  readonly atMs: number;
  readonly kind: string;
  readonly author: string;
  readonly revision: number;
  readonly detail: Fields;
}

export function readWrite(body: unknown): WriteResponse {
  const fields = fieldsOf(body, 'the response');
  return {
    revision: number(fields, 'revision'),
    workers: fields['workers'] === undefined ? undefined : readAdoption(fields['workers']),
    differences: readDifferences(fields),
    moved: listOf(fields['moved'] ?? [], 'moved').map((pool) => optionalText({ pool }, 'pool')),
    impact: isFields(fields['impact']) ? readImpact(fields['impact']) : undefined,
  };
}

export function readPools(body: unknown): readonly PoolResponse[] {
  return listOf(body, 'pools').map(readPool);
}

export function readPool(body: unknown): PoolResponse {
  const fields = fieldsOf(body, 'a pool');
  return {
    name: text(fields, 'name'),
    revision: number(fields, 'revision'),
    workers: readAdoption(fields['workers']),
    versions: listOf(fields['versions'], 'versions').map(readVersion),
    overrides: listOf(fields['overrides'] ?? [], 'overrides').map((each) => {
      const override = fieldsOf(each, 'an override');
      return { name: text(override, 'name'), version: optionalText(override, 'version'), origin: optionalText(override, 'origin') };
    }),
    mirrors: listOf(fields['mirrors'] ?? [], 'mirrors').map((each) => ({ name: text(fieldsOf(each, 'a mirror'), 'name') })),
  };
}

/** The list itself, or one page of it under its name. */
export function readRevisions(body: unknown): readonly RevisionResponse[] {
  return listOf(body, 'revisions').map(readRevision);
}

export function readRevision(body: unknown): RevisionResponse {
  const fields = fieldsOf(body, 'a revision');
  return {
    revision: number(fields, 'revision'),
    atMs: number(fields, 'atMs'),
    author: optionalText(fields, 'author'),
    reason: optionalText(fields, 'reason'),
    cause: optionalText(fields, 'cause'),
    differences: readDifferences(fields),
  };
}

export function readMarker(body: unknown): MarkerResponse {
  const fields = fieldsOf(body, 'a marker');
  return {
    pool: text(fields, 'pool'),
    version: text(fields, 'version'),
    deploy: text(fields, 'deploy'),
    sha: optionalText(fields, 'sha'),
    url: optionalText(fields, 'url'),
    reason: optionalText(fields, 'reason'),
    author: optionalText(fields, 'author'),
    atMs: number(fields, 'atMs'),
  };
}

/** The list under that name. */
export function readMarkers(body: unknown, name: 'markers' | 'recent'): readonly MarkerResponse[] {
  return listOf(body, name).map(readMarker);
}

/** Lines as they came: `readJournalLine` reads each. */
export function readJournalPage(body: unknown): {
  readonly lines: readonly unknown[];
  readonly next: number | undefined;
  readonly first: number;
  readonly last: number;
} {
  const fields = fieldsOf(body, 'the journal');
  const next = fields['next'] === undefined ? undefined : number(fields, 'next');
  return { lines: listOf(body, 'lines'), next, first: number(fields, 'first'), last: number(fields, 'last') };
}

export function readJournalLine(body: unknown): JournalResponse {
  const fields = fieldsOf(body, 'an event');
  return {
    seq: number(fields, 'seq'),
    atMs: number(fields, 'atMs'),
    kind: text(fields, 'kind'),
    author: optionalText(fields, 'author'),
    revision: typeof fields['revision'] === 'number' ? fields['revision'] : 0,
    detail: isFields(fields['detail']) ? fields['detail'] : {},
  };
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The text under `name`, safe to print; empty when there is none. */
export function optionalText(fields: Fields, name: string): string {
  const value = own(fields, name);
  return typeof value === 'string' ? visible(value) : '';
}

function readVersion(body: unknown): VersionResponse {
  const fields = fieldsOf(body, 'a version');
  return {
    name: text(fields, 'name'),
    weight: number(fields, 'weight'),
    share: number(fields, 'share'),
    ready: fields['ready'] === true,
    draining: fields['draining'] === true,
    inFlight: number(fields, 'inFlight'),
    connections: number(fields, 'connections'),
    users: fields['users'] === undefined ? undefined : number(fields, 'users'),
    endpoints: listOf(fields['endpoints'], 'endpoints').map((each) => {
      const endpoint = fieldsOf(each, 'an endpoint');
      return {
        address: text(endpoint, 'address'),
        weight: number(endpoint, 'weight'),
        zone: optionalText(endpoint, 'zone'),
        ready: endpoint['ready'] === true,
        reason: optionalText(endpoint, 'reason'),
        inFlight: number(endpoint, 'inFlight'),
        connections: number(endpoint, 'connections'),
        drain: readDrain(endpoint['drain']),
      };
    }),
    deploy: isFields(fields['deploy']) ? optionalText(fields['deploy'], 'deploy') : '',
    drain: readDrain(fields['drain']),
  };
}

function readDrain(value: unknown): DrainResponse | undefined {
  if (!isFields(value)) return undefined;
  const optional = (name: string): number | undefined => (value[name] === undefined ? undefined : number(value, name));
  return { inFlightAtStart: number(value, 'inFlightAtStart'), estimateMs: optional('estimateMs'), deadline: optional('deadline') };
}

function readImpact(impact: Fields): ImpactResponse {
  const requests = fieldsOf(impact['requests'], 'requests');
  return {
    pools: listOf(impact['pools'], 'pools').map((each) => {
      const pool = fieldsOf(each, 'a pool');
      return { pool: text(pool, 'pool'), users: number(pool, 'users') };
    }),
    compared: number(requests, 'compared'),
    otherwise: number(requests, 'otherwise'),
    share: requests['share'] === undefined ? 0 : number(requests, 'share'),
  };
}

function readDifferences(fields: Fields): readonly DifferenceResponse[] {
  return listOf(fields['differences'] ?? [], 'differences').map((each) => {
    const difference = fieldsOf(each, 'a difference');
    const side = (name: string): string | undefined => (typeof difference[name] === 'string' ? optionalText(difference, name) : undefined);
    return { path: text(difference, 'path'), before: side('before'), after: side('after') };
  });
}

function readAdoption(value: unknown): Adoption {
  const fields = fieldsOf(value, 'workers');
  return { applied: number(fields, 'applied'), total: number(fields, 'total') };
}

export function listOf(body: unknown, name: string): readonly unknown[] {
  const list = isFields(body) ? own(body, name) : body;
  return Array.isArray(list) ? (list as readonly unknown[]) : unexpected(`${name} is no list`);
}

export function fieldsOf(value: unknown, what: string): Fields {
  return isFields(value) ? value : unexpected(`${what} is no object`);
}

function text(fields: Fields, name: string): string {
  return typeof own(fields, name) === 'string' ? optionalText(fields, name) : unexpected(`${name} is no text`);
}

export function number(fields: Fields, name: string): number {
  const value = own(fields, name);
  return typeof value === 'number' ? value : unexpected(`${name} is no number`);
}

function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function unexpected(what: string): never {
  throw new Failure(EXIT.refused, `the response is not one of the admin API: ${what}`, [
    'Is it Sluice that responds there, and of the same release as this command?',
  ]);
}
