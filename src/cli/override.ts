// `sluice override list|set|remove|clear`: rules that give certain requests to one version.

import type { OverrideState } from '../api/overrides.ts';
import { ask, show, showJson, showWrite, write, type AdminCall, type WriteOptions } from './admin-call.ts';
import { pathOf } from './admin-client.ts';
import { isMap } from '../lib/plain.ts';
import { readPoolsOf } from './pools-of.ts';
import { readResponse } from './read-response.ts';
import { EXIT, Failure } from './failure.ts';
import { formatTable } from './table.ts';
import { visible } from '../lib/visible.ts';

export interface OverrideOptions extends WriteOptions {
  /** `name=value`, or `name` alone: whatever its value. One of the three. */
  readonly header?: string | undefined;
  readonly cookie?: string | undefined;
  readonly query?: string | undefined;
  readonly version?: string | undefined;
}

const KINDS = ['header', 'cookie', 'query'] as const;

export async function runOverrideList(call: AdminCall, pool: string | undefined): Promise<void> {
  const { pools } = await readPoolsOf(call, pool);
  const asked = pools.flatMap((each) => each.overrides.map(({ name }) => pathOf('v1', 'pools', each.name, 'overrides', name)));
  const found: unknown[] = [];
  // One after the other: the API serves a bounded number at a time, and there are few.
  for (const each of asked) found.push(await ask(call, { method: 'GET', path: each }));
  if (call.options.json === true) return showJson(call, found);
  if (found.length === 0)
    return show(call, ['There is no override: sluice override set POOL NAME --header NAME=VALUE --version VERSION makes one.']);
  const columns = ['POOL', 'NAME', 'REQUESTS WITH', 'GO TO', 'BY'].map((title) => ({ title }));
  show(
    call,
    formatTable(
      columns,
      found.map((each) => rowOf(call, readResponse('OverrideState', each))),
    ),
  );
}

export async function runOverrideSet(call: AdminCall<OverrideOptions>, pool: string, name: string): Promise<void> {
  const { version } = call.options;
  const given = KINDS.filter((kind) => call.options[kind] !== undefined);
  const [kind] = given;
  if (kind === undefined || given.length > 1)
    throw new Failure(EXIT.usage, 'say which requests are meant: one of --header, --cookie and --query', [
      'Such as --header x-canary=always, or --header x-canary for any value.',
    ]);
  if (version === undefined) throw new Failure(EXIT.usage, 'say which version they go to: --version VERSION');
  const body = { [kind]: readMatch(call.options[kind] ?? '', kind), version };
  const path = pathOf('v1', 'pools', pool, 'overrides', name);
  showWrite(call, await write(call, { method: 'PUT', path, body }, { pool }));
}

export async function runOverrideRemove(call: AdminCall<WriteOptions>, pool: string, name: string): Promise<void> {
  const path = pathOf('v1', 'pools', pool, 'overrides', name);
  // The API takes it for done; a person has misspelt the name.
  await ask(call, { method: 'GET', path });
  showWrite(call, await write(call, { method: 'DELETE', path }, { pool }));
}

/** Takes back all that the API did to the overrides of a pool. */
export async function runOverrideClear(call: AdminCall<WriteOptions>, pool: string): Promise<void> {
  showWrite(call, await write(call, { method: 'DELETE', path: pathOf('v1', 'pools', pool, 'overrides') }, { pool }));
}

function readMatch(text: string, kind: string): object {
  const at = text.indexOf('=');
  const [name, value] = at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
  if (name === '') throw new Failure(EXIT.usage, `--${kind} must be NAME=VALUE, or NAME alone for any value`);
  return { name, value: value ?? { present: true } };
}

function rowOf({ terminal }: AdminCall, override: OverrideState): readonly string[] {
  const { pool, name, version, origin } = override;
  return [pool, terminal.paint('strong', name), describeMatch(override), version, origin === 'api' ? 'API' : origin];
}

/** `header x-canary=always`, `cookie stage (any value)`, `query v matches ^2`. */
function describeMatch(override: OverrideState): string {
  for (const kind of KINDS) {
    const match = override[kind];
    if (match === undefined) continue;
    const value: unknown = match.value;
    const name = `${kind} ${match.name}`;
    if (typeof value === 'string') return `${name}=${visible(value)}`;
    return isMap(value) && typeof value['regex'] === 'string' ? `${name} matches ${visible(value['regex'])}` : `${name} (any value)`;
  }
  return '';
}
