// Which deploy a version is: a deploy sets a marker, anybody may read it.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sentence } from '../lib/shown-text.ts';
import { noSuch } from '../config/suggest.ts';
import type { ControlApi, MarkOutcome } from '../control/control-api.ts';
import { chooseType } from './accept.ts';
import { markerBody } from '../api/markers.ts';
import { describe } from './openapi.ts';
import { expectedRevision } from './preconditions.ts';
import { HttpProblem } from './problem-reply.ts';
import { readQuery } from './query.ts';
import { JSON_TYPE, readBody } from './read-body.ts';
import { mustServe } from './state-reply.ts';
import { refusedBy, tagged, WRITE_QUERY } from './write.ts';

const URL = '/v1/markers';
const READ_QUERY = ['pool', 'version', 'limit'] as const;

export function addMarkers(app: FastifyInstance, control: ControlApi): void {
  addRead(app, control);
  const schema = describe({
    id: 'setMarker',
    tag: 'markers',
    summary: 'Marks a version as this deploy. A marker moves no traffic and makes no revision.',
    query: WRITE_QUERY,
    body: 'MarkerBody',
    response: 'MarkerResponse',
    kind: 'write',
  });
  app.post(URL, { schema, config: { access: 'operator' } }, async (request, reply) => {
    const { dryRun, ...query } = readQuery(request.query, WRITE_QUERY);
    chooseType(request.headers.accept, [JSON_TYPE]);
    if (request.headers['if-none-match'] !== undefined) throw new HttpProblem(400, 'A change takes If-Match, not If-None-Match.');
    const { pool, version, deploy, sha, url, reason = query.reason ?? '' } = readBody(markerBody, request);
    mustServe(control);
    const expected = expectedRevision(request.headers['if-match'], control.revision);
    const marker = { pool, version, deploy, sha, url, reason };
    return response(request, reply, await control.mark({ marker, author: request.author, expected, dryRun }));
  });
}

function addRead(app: FastifyInstance, control: ControlApi): void {
  const schema = describe({
    id: 'listMarkers',
    tag: 'markers',
    summary: 'Which deploy each version is, and which deploys came before.',
    query: READ_QUERY,
    response: 'Markers',
    kind: 'history',
  });
  app.get(URL, { schema }, async (request, reply) => {
    const { pool, version, limit } = readQuery(request.query, READ_QUERY);
    chooseType(request.headers.accept, [JSON_TYPE]);
    mustServe(control);
    const found = await control.markers({ pool, version, limit });
    if (found.markers.length + found.recent.length === 0) mustExist(control, pool, version);
    return reply.type(JSON_TYPE).send({ revision: control.revision, ...found });
  });
}

function response(request: FastifyRequest, reply: FastifyReply, outcome: MarkOutcome): FastifyReply {
  switch (outcome.result) {
    case 'marked': {
      const { revision, workers, changed, marker } = outcome;
      return tagged(reply, revision).send({ revision, workers, changed, marker });
    }
    case 'dry-run': {
      const { revision, changed, marker } = outcome;
      return tagged(reply, revision).send({ revision, dryRun: true, changed, marker });
    }
    case 'rejected':
      throw new HttpProblem(422, 'There is nothing of this name to mark; nothing has changed.', { problems: outcome.problems });
    default:
      throw refusedBy(outcome, request);
  }
}

/** Where nothing was found a name may be mistyped. A version that is gone may still have markers. */
function mustExist({ config }: ControlApi, pool: string | undefined, version: string | undefined): void {
  const pools = config?.pools ?? [];
  const around = pool === undefined ? pools : pools.filter(({ name }) => name === pool);
  const names = around.flatMap(({ versions }) => versions.map(({ name }) => name));
  if (pool !== undefined && around.length === 0) {
    const all = pools.map(({ name }) => name);
    throw new HttpProblem(404, sentence(noSuch('pool', pool, all)));
  }
  if (version !== undefined && !names.includes(version)) throw new HttpProblem(404, sentence(noSuch('version', version, names)));
}
