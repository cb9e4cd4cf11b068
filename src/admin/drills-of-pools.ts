// The call that rehearses rollback and failover of a pool.

import type { FastifyInstance } from 'fastify';
import { drillBody } from '../api/drills.ts';
import type { ControlApi } from '../control/control-api.ts';
import { chooseType } from './accept.ts';
import { nameIn } from './names.ts';
import { describe } from './openapi.ts';
import { HttpProblem } from './problem-reply.ts';
import { readQuery } from './query.ts';
import { JSON_TYPE, readBody } from './read-body.ts';

const DEFAULT_MS = 1000;

export function addDrillsOfPools(app: FastifyInstance, { rollouts }: ControlApi): void {
  const schema = describe({
    tag: 'rollouts',
    kind: 'action',
    id: 'drillPool',
    summary:
      'Rehearses rollback and failover of a pool, and puts everything back. Responds when it is over, or after 5 s, while it goes on.',
    path: ['pool'],
    query: ['dryRun'],
    body: 'DrillBody',
    response: 'Drill',
  });
  app.post('/v1/pools/:pool/drill', { schema, config: { access: 'operator' } }, async (request, reply) => {
    const { dryRun } = readQuery(request.query, ['dryRun']);
    chooseType(request.headers.accept, [JSON_TYPE]);
    if (request.headers['if-match'] !== undefined || request.headers['if-none-match'] !== undefined)
      throw new HttpProblem(400, 'This call takes no If-Match and no If-None-Match: a drill puts everything back.');
    const pool = nameIn(request, 'pool');
    const { to, weight: share = 0, for: forMs = DEFAULT_MS, reason = '' } = readBody(drillBody, request);
    const outcome = await rollouts.drill({ pool, to, share, forMs, author: request.author, reason, dryRun });
    if (outcome.result === 'done') return reply.type(JSON_TYPE).send(outcome.drill);
    if (outcome.result === 'unknown') throw new HttpProblem(404, outcome.message);
    if (outcome.result === 'conflict') throw new HttpProblem(409, outcome.message);
    throw new HttpProblem(503, outcome.message, {}, { 'retry-after': '1' });
  });
}
