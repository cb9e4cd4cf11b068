// Recent exchanges, and why each went where it went.

import type { FastifyInstance } from 'fastify';
import { sentence } from '../lib/shown-text.ts';
import type { Config } from '../config/model.ts';
import { noSuch } from '../config/suggest.ts';
import type { ControlApi } from '../control/control-api.ts';
import { chooseType } from './accept.ts';
import { describe } from './openapi.ts';
import { HttpProblem } from './problem-reply.ts';
import { readQuery, type Query } from './query.ts';
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
    const found = await control.exchanges(query);
    // What is no longer in the config may still be on record.
    if (found.exchanges.length === 0) refuseUnknown(query, control.config);
    return reply.type(JSON_TYPE).send(found);
  });
}

/** Nothing fits a name that does not exist: that is no good news. Throws an HttpProblem (404). */
function refuseUnknown({ pool, version, route }: Query, config: Config | undefined): void {
  if (config === undefined) return;
  const pools = config.pools.filter(({ name }) => pool === undefined || name === pool);
  const versions = pools.flatMap((each) => each.versions.map(({ name }) => name));
  mustBeOf(
    config.pools.map(({ name }) => name),
    'pool',
    pool,
  );
  mustBeOf(versions, 'version', version);
  mustBeOf(
    config.routes.map(({ name }) => name),
    'route',
    route,
  );
}

function mustBeOf(names: readonly string[], what: string, name: string | undefined): void {
  if (name === undefined || names.includes(name)) return;
  throw new HttpProblem(404, sentence(noSuch(what, name, new Set(names))));
}
