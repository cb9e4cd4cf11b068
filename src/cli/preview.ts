// `sluice preview add|list|remove`: a version for a time, which only those meet who ask for it.

import { ask, show, showJson, showWrite, write, type AdminCall, type WriteOptions } from './admin-call.ts';
import { pathOf } from './admin-client.ts';
import { EXIT, Failure } from './failure.ts';
import { formatInstant, formatSpan } from './quantity.ts';
import { readResponse } from './read-response.ts';
import { formatTable } from './table.ts';
import { visible } from '../lib/visible.ts';

export interface PreviewOptions extends WriteOptions {
  readonly endpoint?: readonly string[] | undefined;
  /** `name=value`. One of the four. */
  readonly header?: string | undefined;
  readonly cookie?: string | undefined;
  readonly query?: string | undefined;
  readonly host?: string | undefined;
  readonly ttl?: string | undefined;
}

const KINDS = ['header', 'cookie', 'query'] as const;

export async function runPreviewAdd(call: AdminCall<PreviewOptions>, pool: string, name: string): Promise<void> {
  const { endpoint: endpoints = [], host, ttl } = call.options;
  const kinds = KINDS.filter((kind) => call.options[kind] !== undefined);
  if (endpoints.length === 0) throw new Failure(EXIT.usage, 'say where it is: --endpoint 127.0.0.1:9007');
  if (ttl === undefined) throw new Failure(EXIT.usage, 'say how long it stays: --ttl 2h');
  if (kinds.length + (host === undefined ? 0 : 1) !== 1)
    throw new Failure(EXIT.usage, 'say which requests meet it: one of --header, --cookie, --query and --host', [
      `Such as --header x-preview=${name}, or --host ${name}.example.com.`,
    ]);
  const [kind] = kinds;
  const match = kind === undefined ? { host } : { [kind]: readPair(kind, call.options[kind] ?? '') };
  const path = pathOf('v1', 'pools', pool, 'previews', name);
  showWrite(call, await write(call, { method: 'PUT', path, body: { endpoints, ...match, ttl } }, { pool }));
}

export async function runPreviewList(call: AdminCall, pool: string): Promise<void> {
  const body = await ask(call, { method: 'GET', path: pathOf('v1', 'pools', pool, 'previews') }, { pool });
  if (call.options.json === true) return showJson(call, body);
  const { previews } = readResponse('Previews', body);
  if (previews.length === 0)
    return show(call, [`${pool} has no preview: sluice preview add ${pool} NAME --endpoint ADDRESS --header NAME=VALUE --ttl 2h`]);
  const nowMs = call.terminal.clock.wallMs();
  const columns = ['NAME', 'REQUESTS WITH', 'GO TO', 'UNTIL (UTC)', 'LEFT'].map((title) => ({ title }));
  const rows = previews.map(({ name, requests, endpoints, untilMs }) => [
    call.terminal.paint('strong', name),
    visible(requests),
    endpoints.join(', '),
    formatInstant(untilMs),
    formatSpan(untilMs - nowMs),
  ]);
  show(call, formatTable(columns, rows));
}

export async function runPreviewRemove(call: AdminCall<WriteOptions>, pool: string, name: string): Promise<void> {
  showWrite(call, await write(call, { method: 'DELETE', path: pathOf('v1', 'pools', pool, 'previews', name) }, { pool }));
}

function readPair(kind: string, text: string): { readonly name: string; readonly value: string } {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) throw new Failure(EXIT.usage, `--${kind} must be NAME=VALUE`);
  return { name: text.slice(0, at), value: text.slice(at + 1) };
}
