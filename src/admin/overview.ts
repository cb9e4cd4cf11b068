// One page of state, and the config in force against the file.

import type { FastifyInstance } from 'fastify';
import { jsonPieces } from '../config/print-pieces.ts';
import type { ControlApi } from '../control/control-api.ts';
import { chooseType } from './accept.ts';
import { describe } from './openapi.ts';
import { readQuery } from './query.ts';
import { JSON_TYPE } from './read-body.ts';
import { mustServe, sendInTurns } from './state-reply.ts';

export function addOverview(app: FastifyInstance, control: ControlApi): void {
  const overview = describe({
    ...{ id: 'getOverview', tag: 'instance', kind: 'report', response: 'Overview' },
    summary: 'One page of state: pools with shares, rates, errors and latency of the last minute, and what is wrong.',
  });
  app.get('/v1/overview', { schema: overview }, async (request, reply) => {
    readQuery(request.query, []);
    chooseType(request.headers.accept, [JSON_TYPE]);
    mustServe(control);
    return sendInTurns(request, reply, jsonPieces(await control.overview(request.account)));
  });
  const diff = describe({
    ...{ id: 'getConfigDiff', tag: 'config', kind: 'report', response: 'ConfigDiff' },
    summary: 'What is served, against the file: what the API changed over it.',
  });
  app.get('/v1/config/diff', { schema: diff }, async (request, reply) => {
    readQuery(request.query, []);
    chooseType(request.headers.accept, [JSON_TYPE]);
    mustServe(control);
    return sendInTurns(request, reply, jsonPieces(await control.configDiff(request.account)));
  });
}
