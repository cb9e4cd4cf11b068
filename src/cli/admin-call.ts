// What every command of the admin client shares: it asks, ends on a refusal with the names that exist, and shows what a write changed.

import { didYouMean } from '../config/suggest.ts';
import type { ChangeResponse } from '../api/change.ts';
import type { PoolStatus } from '../api/pools.ts';
import type { AdminClient, AdminResponse, AdminQuestion } from './admin-client.ts';
import { pathOf } from './admin-client.ts';
import { readResponse } from './read-response.ts';
import { describeWrite } from './describe-write.ts';
import { refusal } from './refusal.ts';
import type { Terminal } from './terminal.ts';

export interface WriteOptions {
  readonly reason?: string | undefined;
  readonly dryRun?: boolean | undefined;
  readonly ifRevision?: number | undefined;
  readonly yes?: boolean | undefined;
}

export interface AdminCall<Options = object> {
  readonly client: AdminClient;
  readonly terminal: Terminal;
  readonly options: Options & { readonly json?: boolean | undefined };
}

/** What a question names, to say which names exist when one of them does not. */
export interface Named {
  readonly pool?: string | undefined;
  readonly version?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly mirror?: string | undefined;
}

/** The decoded body; any refusal ends the command. */
export async function ask(call: AdminCall, question: AdminQuestion, named: Named = {}): Promise<unknown> {
  const response = await call.client.ask(question);
  return bodyOf(call, response, named);
}

export interface WriteQuestion {
  readonly method: 'PUT' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: object;
}

/** A write with the options that all of them have. */
export async function write(call: AdminCall<WriteOptions>, question: WriteQuestion, named: Named = {}): Promise<unknown> {
  return ask(call, questionOf(call, question), named);
}

export function questionOf(call: AdminCall<WriteOptions>, { method, path, body }: WriteQuestion): AdminQuestion {
  const { reason, dryRun, ifRevision } = call.options;
  if (method === 'DELETE') return { method, path: writePath(call, path), expected: ifRevision };
  return {
    method,
    path: dryRun === true ? `${path}?dryRun=true` : path,
    body: { ...body, ...(reason === undefined ? {} : { reason }) },
    expected: ifRevision,
  };
}

/** For a write without a body of its own: the reason goes with the path. */
export function writePath({ options: { reason, dryRun } }: AdminCall<WriteOptions>, path: string): string {
  const query = new URLSearchParams({ ...(dryRun === true && { dryRun: 'true' }), ...(reason !== undefined && { reason }) }).toString();
  return query === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${query}`;
}

/** The body as it came for `--json`, else the words for it. */
export function showWrite(
  call: AdminCall<WriteOptions>,
  body: unknown,
  more: (response: ChangeResponse) => readonly string[] = () => [],
): void {
  if (call.options.json === true) return showJson(call, body);
  const response = readResponse('ChangeResponse', body);
  const kind = call.options.dryRun === true ? 'dry-run' : 'done';
  show(call, [...describeWrite(response, kind, call.terminal.paint), ...more(response)]);
}

export function show(call: AdminCall, lines: readonly string[]): void {
  if (lines.length > 0) call.terminal.out(`${lines.join('\n')}\n`);
}

export function showJson(call: AdminCall, body: unknown): void {
  call.terminal.out(`${JSON.stringify(body, undefined, 2)}\n`);
}

/** The body of a response; any refusal ends the command. */
export async function bodyOf(call: AdminCall, { status, body }: AdminResponse, named: Named): Promise<unknown> {
  if (status < 400) return body;
  const hints = status === 404 ? await namesThatExist(call, named) : [];
  throw refusal({ status, body, address: call.client.address, hints });
}

async function namesThatExist({ client }: AdminCall, named: Named): Promise<readonly string[]> {
  if (named.pool === undefined) return [];
  try {
    const { status, body } = await client.ask({ method: 'GET', path: pathOf('v1', 'pools') });
    return status === 200 ? whichOf(readResponse('Pools', body).pools, named) : [];
  } catch {
    // The refusal itself is what counts; hints are a courtesy.
    return [];
  }
}

function whichOf(pools: readonly PoolStatus[], { pool = '', version, endpoint, mirror }: Named): readonly string[] {
  const found = pools.find(({ name }) => name === pool);
  if (found === undefined) return [listNames('pools', pool, names(pools))];
  if (mirror !== undefined && found.mirrors.every(({ name }) => name !== mirror))
    return [listNames(`mirrors of ${pool}`, mirror, names(found.mirrors))];
  if (version === undefined) return [];
  const inner = found.versions.find(({ name }) => name === version);
  if (inner === undefined) return [listNames(`versions of ${pool}`, version, names(found.versions))];
  const addresses = inner.endpoints.map(({ address }) => address);
  return endpoint === undefined || addresses.includes(endpoint) ? [] : [listNames(`endpoints of ${version}`, endpoint, addresses)];
}

function listNames(what: string, asked: string, all: readonly string[]): string {
  return `${what}: ${all.join(', ') || 'none'}${didYouMean(asked, all)}`;
}

function names(things: readonly { readonly name: string }[]): readonly string[] {
  return things.map(({ name }) => name);
}
