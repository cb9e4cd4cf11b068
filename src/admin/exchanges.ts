// Recent exchanges, and why each went where it went.

import type { FastifyInstance } from 'fastify';
import type { ControlApi } from '../control/control-api.ts';
import { chooseType } from './accept.ts';
import { describe } from './openapi.ts';
import { readQuery } from './query.ts';
import { JSON_TYPE } from './read-body.ts';
import { mustServe } from './state-reply.ts';

const QUERY = ['pool', 'version', 'route', 'outcome', 'status', 'id', 'limit'] as const;

export function addExchanges(app: FastifyInstance, control: ControlApi): void {
  const schema = describe({
    id: 'listExchanges',
    tag: 'instance',
    summary: 'Recent exchanges, newest first: a sample, without bodies, with secrets masked. The workers keep it, and it ends with them.',
    query: QUERY,
    response: 'Exchanges',
    kind: 'question',
  });
  app.get('/v1/exchanges', { schema, config: { access: 'viewer' } }, async (request, reply) => {
    const query = readQuery(request.query, QUERY);
    chooseType(request.headers.accept, [JSON_TYPE]);
    mustServe(control);
    return reply.type(JSON_TYPE).send(await control.exchanges(query));
  });
}
