// What a rollout did, in one document.

import type { FastifyInstance } from 'fastify';
import type { ControlApi } from '../control/control-api.ts';
import { nameIn } from './names.ts';
import { describe } from './openapi.ts';
import { HttpProblem } from './problem-reply.ts';
import { readQuery } from './query.ts';
import { JSON_TYPE } from './read-body.ts';

export function addRolloutReports(app: FastifyInstance, { rollouts }: ControlApi): void {
  const schema = describe({
    tag: 'rollouts',
    kind: 'report',
    id: 'reportRollout',
    summary: 'Everything about a rollout, for a post-mortem: evidence, journal, what it changed, whom it met, examples.',
    path: ['rollout'],
    response: 'RolloutReport',
  });
  app.get('/v1/rollouts/:rollout/report', { schema }, async (request, reply) => {
    readQuery(request.query, []);
    const id = nameIn(request, 'rollout');
    const report = await rollouts.report(id);
    if (report === undefined) throw new HttpProblem(404, `There is no rollout ${id}.`);
    return reply.type(JSON_TYPE).send(report);
  });
}
