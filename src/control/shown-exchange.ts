// A remembered exchange as it may be shown: fields by name, secrets and affinity keys masked. Nothing of an exchange is shown past this file.

import type { Observation } from '../telemetry/observation.ts';
import { isSecretName, MASK, maskUrl, maskValue, textOf } from '../lib/mask.ts';
import type { ShownExchange } from '../api/exchanges.ts';
import type { ExchangeQuery } from './control-api.ts';

/** Newest first; as many as are asked for. `keyFields`: names of fields that affinity keys are in, in lower case. */
export function showExchanges(
  exchanges: readonly Observation[],
  query: ExchangeQuery,
  keyFields: ReadonlySet<string>,
): readonly ShownExchange[] {
  return exchanges
    .filter((each) => isAskedFor(each, query))
    .sort((one, other) => other.startedAtMs - one.startedAtMs)
    .slice(0, query.limit)
    .map((each) => showExchange(each, keyFields));
}

function isAskedFor(each: Observation, { pool, version, route, outcome, status, id }: ExchangeQuery): boolean {
  return (
    (pool === undefined || each.pool === pool) &&
    (version === undefined || each.version === version) &&
    (route === undefined || each.route === route) &&
    (outcome === undefined || each.outcome === outcome) &&
    (status === undefined || each.status === status) &&
    (id === undefined || each.requestId === id)
  );
}

function showExchange(each: Observation, keyFields: ReadonlySet<string>): ShownExchange {
  return {
    atMs: Math.round(each.startedAtMs),
    id: orAbsent(textOf(each.requestId)),
    protocol: each.protocol === 'tcp' ? each.protocol : undefined,
    listener: each.listener,
    client: textOf(each.client),
    method: textOf(each.method),
    authority: textOf(each.authority),
    serverName: orAbsent(textOf(each.serverName)),
    target: maskUrl(textOf(each.target)),
    fields: fieldsOf(each, keyFields),
    cut: each.isCut,
    route: orAbsent(each.route),
    pool: orAbsent(each.pool),
    version: orAbsent(each.version),
    deploy: orAbsent(each.deploy),
    endpoint: orAbsent(each.endpoint),
    reason: orAbsent(each.reason),
    override: orAbsent(each.override),
    keyed: each.keyed,
    status: each.status,
    outcome: each.outcome,
    detail: orAbsent(textOf(each.detail)),
    attempts: each.attempts,
    durationMs: micros(each.durationMs),
    firstByteMs: each.firstByteMs < 0 ? undefined : micros(each.firstByteMs),
    bytesIn: each.bytesIn,
    bytesOut: each.bytesOut,
  };
}

function fieldsOf({ fields, keyField }: Observation, keyFields: ReadonlySet<string>): ShownExchange['fields'] {
  return fields
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) => {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon);
      const lower = name.toLowerCase();
      const isSecret = lower === keyField || keyFields.has(lower) || isSecretName(lower);
      return { name, value: isSecret ? MASK : maskValue(textOf(line.slice(colon + 1).trim())) };
    });
}

function orAbsent(text: string): string | undefined {
  return text === '' ? undefined : text;
}

function micros(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
