// Pools, their versions and their split.

import type { FastifyInstance } from 'fastify';
import type { PoolStatus } from '../api/pools.ts';
import { jsonPieces } from '../config/print-pieces.ts';
import { noSuch } from '../config/suggest.ts';
import type { ControlApi } from '../control/control-api.ts';
import { sentence } from '../lib/shown-text.ts';
import { splitBody } from '../api/split.ts';
import { nameIn } from './names.ts';
import { describe } from './openapi.ts';
import { MAX_WINDOW_MS, MIN_WINDOW_MS } from '../telemetry/traffic-history.ts';
import { chooseType } from './accept.ts';
import { HttpProblem } from './problem-reply.ts';
import { readQuery } from './query.ts';
import { JSON_TYPE, readBody, refuseBody } from './read-body.ts';
import { mustServe, sendInTurns, sendState, sendStateInTurns } from './state-reply.ts';
import { carryOut, FORCEFUL_QUERY, WRITE_QUERY } from './write.ts';

export function addPools(app: FastifyInstance, control: ControlApi): void {
  addReads(app, control);
  const schema = describe({
    id: 'setSplit',
    tag: 'pools',
    summary: 'Sets the weights of all versions of a pool.',
    path: ['pool'],
    query: WRITE_QUERY,
    body: 'SplitBody',
    response: 'ChangeResponse',
    kind: 'write',
  });
  app.put('/v1/pools/:pool/split', { schema, config: { access: 'operator' } }, (request, reply) => {
    const pool = nameIn(request, 'pool');
    const { weights, sessions, force, reason } = readBody(splitBody, request);
    const change = { kind: 'split', pool, weights, sessions, ...(force === true && { force }) } as const;
    return carryOut(control, { request, reply }, change, reason);
  });
  const reset = describe({
    id: 'resetSplit',
    tag: 'pools',
    summary: 'Takes back what the API did to the split; that of the file comes back.',
    path: ['pool'],
    query: FORCEFUL_QUERY,
    response: 'ChangeResponse',
    kind: 'write',
  });
  app.delete('/v1/pools/:pool/split', { schema: reset, config: { access: 'operator' } }, (request, reply) => {
    refuseBody(request);
    return carryOut(control, { request, reply }, { kind: 'reset-split', pool: nameIn(request, 'pool') });
  });
}

/** Throws an HttpProblem (404) when there is none. */
export function findPool(control: ControlApi, name: string): PoolStatus {
  mustServe(control);
  const pool = control.pool(name);
  if (pool === undefined)
    throw new HttpProblem(
      404,
      sentence(
        noSuch(
          'pool',
          name,
          (control.config?.pools ?? []).map((each) => each.name),
        ),
      ),
    );
  return pool;
}

function* poolsAsJson(revision: number, pools: Iterable<PoolStatus>): Generator<string, void> {
  let before = `{"revision":${revision},"pools":[`;
  for (const pool of pools) {
    yield `${before}${JSON.stringify(pool)}`;
    before = ',';
  }
  yield before === ',' ? ']}' : `${before}]}`;
}

const STATS_QUERY = ['window'] as const;

function addReads(app: FastifyInstance, control: ControlApi): void {
  const read = { tag: 'pools', kind: 'state' } as const;
  const all = describe({ ...read, id: 'listPools', summary: 'All pools with their live state.', response: 'Pools' });
  app.get('/v1/pools', { schema: all }, (request, reply) => {
    readQuery(request.query, []);
    mustServe(control);
    const { revision } = control;
    return sendStateInTurns(request, reply, revision, () => poolsAsJson(revision, control.pools()));
  });
  const one = describe({ ...read, id: 'getPool', summary: 'A pool with its live state.', path: ['pool'], response: 'Pool' });
  app.get('/v1/pools/:pool', { schema: one }, (request, reply) => {
    readQuery(request.query, []);
    const pool = findPool(control, nameIn(request, 'pool'));
    return sendStateInTurns(request, reply, pool.revision, () => jsonPieces(pool));
  });
  const stats = describe({
    ...{ id: 'getStats', tag: 'pools', kind: 'report', path: ['pool'], query: STATS_QUERY, response: 'PoolStats' },
    summary: 'What the versions and endpoints of a pool did lately: requests, errors, latency.',
  });
  app.get('/v1/pools/:pool/stats', { schema: stats }, (request, reply) => {
    const { window } = readQuery(request.query, STATS_QUERY);
    chooseType(request.headers.accept, [JSON_TYPE]);
    const { name } = findPool(control, nameIn(request, 'pool'));
    if (window < MIN_WINDOW_MS || window > MAX_WINDOW_MS) throw new HttpProblem(400, 'window must be 1s to 5m, such as 60s.');
    return sendInTurns(request, reply, jsonPieces(control.stats(name, window)));
  });
  const split = describe({
    ...read,
    id: 'getSplit',
    summary: 'The weights of a pool, and how many workers obey them.',
    path: ['pool'],
    response: 'Split',
  });
  app.get('/v1/pools/:pool/split', { schema: split }, (request, reply) => {
    readQuery(request.query, []);
    const { name: pool, revision, workers, weights } = findPool(control, nameIn(request, 'pool'));
    return sendState(request, reply, revision, { pool, revision, workers, weights });
  });
}
