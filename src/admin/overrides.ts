// Overrides of a pool: what a canary controller sets and takes back.

import type { FastifyInstance } from 'fastify';
import { describePool } from '../config/print-pool.ts';
import type { Steering } from '../control/steering.ts';
import { overrideBody } from './bodies.ts';
import { nameIn } from './names.ts';
import { describe } from './openapi.ts';
import { findPool } from './pools.ts';
import { Refused } from './problem-reply.ts';
import { readQuery } from './query.ts';
import { readBody, refuseBody } from './sent-body.ts';
import type { SentBody } from './sent-body.ts';
import { sendState } from './state-reply.ts';
import { carryOut, WRITE_QUERY } from './write.ts';

const ALL = '/v1/pools/:pool/overrides';
const ONE = `${ALL}/:name`;

export function addOverrides(app: FastifyInstance, steering: Steering): void {
  addReads(app, steering);
  addWrites(app, steering);
}

function addReads(app: FastifyInstance, steering: Steering): void {
  const read = { tag: 'pools', kind: 'state' } as const;
  const all = describe({ ...read, id: 'listOverrides', summary: 'Overrides of a pool, in order.', path: ['pool'], answer: 'Overrides' });
  app.get(ALL, { schema: all }, (request, reply) => {
    readQuery(request.query, []);
    const { name: pool, revision, overrides } = findPool(steering, nameIn(request, 'pool'));
    return sendState(request, reply, revision, { pool, revision, overrides });
  });
  const one = describe({
    ...read,
    id: 'getOverride',
    summary: 'An override, as it is written.',
    path: ['pool', 'name'],
    answer: 'OverrideState',
  });
  app.get(ONE, { schema: one }, (request, reply) => {
    readQuery(request.query, []);
    const pool = findPool(steering, nameIn(request, 'pool'));
    const name = nameIn(request, 'name');
    const status = pool.overrides.find((override) => override.name === name);
    if (status === undefined) throw new Refused(404, `Pool ${pool.name} has no override ${name}.`);
    const written = writtenOverride(steering, pool.name, name);
    return sendState(request, reply, pool.revision, { pool: pool.name, revision: pool.revision, ...written, ...status });
  });
}

function addWrites(app: FastifyInstance, steering: Steering): void {
  const write = { tag: 'pools', kind: 'write', query: WRITE_QUERY, answer: 'ChangeAnswer' } as const;
  const set = describe({
    ...write,
    id: 'setOverride',
    summary: 'Adds or replaces an override.',
    path: ['pool', 'name'],
    body: 'OverrideBody',
  });
  app.put(ONE, { schema: set, config: { access: 'operator' } }, (request, reply) => {
    const [pool, name] = [nameIn(request, 'pool'), nameIn(request, 'name')];
    const { reason } = readBody(overrideBody, request);
    return carryOut(steering, { request, reply }, { kind: 'override', pool, name, override: withoutReason(request.body) }, reason);
  });
  const remove = describe({ ...write, id: 'removeOverride', summary: 'Removes an override.', path: ['pool', 'name'] });
  app.delete(ONE, { schema: remove, config: { access: 'operator' } }, (request, reply) => {
    refuseBody(request);
    const [pool, name] = [nameIn(request, 'pool'), nameIn(request, 'name')];
    return carryOut(steering, { request, reply }, { kind: 'remove-override', pool, name });
  });
  const clear = describe({
    ...write,
    id: 'clearOverrides',
    summary: 'Removes all that the API added or changed; what the file says comes back.',
    path: ['pool'],
  });
  app.delete(ALL, { schema: clear, config: { access: 'operator' } }, (request, reply) => {
    refuseBody(request);
    return carryOut(steering, { request, reply }, { kind: 'clear-overrides', pool: nameIn(request, 'pool') });
  });
}

/** As it was sent: the rules of the config read it like YAML. */
function withoutReason(body: unknown): unknown {
  const { reason: _, ...override } = (body as SentBody).value as Readonly<Record<string, unknown>>;
  return override;
}

function writtenOverride(steering: Steering, pool: string, name: string): object {
  const config = steering.config?.pools.find((each) => each.name === pool);
  if (config === undefined) return {};
  const { overrides = [] } = describePool(config) as { readonly overrides?: readonly { readonly name: string }[] };
  return overrides.find((override) => override.name === name) ?? {};
}
