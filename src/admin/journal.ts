// What happened, page by page; `/v1/events` sends the same as it happens.

import type { FastifyInstance } from 'fastify';
import type { ControlApi } from '../control/control-api.ts';
import type { Clock } from '../lib/clock.ts';
import { chooseType } from './accept.ts';
import { describe } from './openapi.ts';
import { HttpProblem } from './problem-reply.ts';
import { readQuery } from './query.ts';
import { JSON_TYPE } from './read-body.ts';

const QUERY = ['after', 'limit', 'kind', 'since', 'last'] as const;

export function addJournal(app: FastifyInstance, control: ControlApi, clock: Pick<Clock, 'wallMs'>): void {
  const schema = describe({
    id: 'readJournal',
    tag: 'events',
    summary: 'What happened, oldest first: changes, markers, refusals.',
    query: QUERY,
    response: 'Journal',
    kind: 'history',
  });
  app.get('/v1/journal', { schema }, async (request, reply) => {
    const { after = 0, limit, kind, since, last } = readQuery(request.query, QUERY);
    chooseType(request.headers.accept, [JSON_TYPE]);
    if (last !== undefined && Object.hasOwn(request.query as object, 'limit'))
      throw new HttpProblem(400, 'Give limit, for the oldest, or last, for the newest, not both.');
    const fitting = { after, ...(kind !== undefined && { kind }), ...(since !== undefined && { sinceMs: clock.wallMs() - since }) };
    // Looked at first: a line that comes meanwhile may be shown twice to a caller that follows, but never missed.
    const span = control.journalSpan;
    if (last !== undefined)
      return reply.type(JSON_TYPE).send({ lines: await control.journal({ ...fitting, limit: last, from: 'newest' }), ...span });
    // One more says whether there is another page.
    const found = await control.journal({ ...fitting, limit: limit + 1 });
    const lines = found.slice(0, limit);
    const next = found.length > limit ? lines.at(-1)?.seq : undefined;
    return reply.type(JSON_TYPE).send({ lines, next, ...span });
  });
}
