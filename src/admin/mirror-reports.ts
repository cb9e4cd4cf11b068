// How the responses of a mirror's shadow compare, and which writes it missed.

import type { FastifyInstance } from 'fastify';
import type { MirrorReport } from '../api/mirror-report.ts';
import type { MirrorReportOutcome } from '../control/control-api.ts';
import type { ControlApi } from '../control/control-api.ts';
import { chooseType } from './accept.ts';
import { nameIn } from './names.ts';
import { describe } from './openapi.ts';
import { HttpProblem } from './problem-reply.ts';
import { readQuery } from './query.ts';
import { JSON_TYPE } from './read-body.ts';
import { mustServe } from './state-reply.ts';

const MIRROR = '/v1/pools/:pool/mirrors/:name';
const PAGE = ['after', 'limit'] as const;

export function addMirrorReports(app: FastifyInstance, control: ControlApi): void {
  const report = describe({
    id: 'getMirrorReport',
    tag: 'pools',
    summary: 'How the responses of a shadow compare with those of the primary: the verdict and its evidence. At most 0.25 s old.',
    path: ['pool', 'name'],
    response: 'MirrorReport',
    kind: 'report',
  });
  app.get(`${MIRROR}/report`, { schema: report, config: { access: 'viewer' } }, async (request, reply) => {
    readQuery(request.query, []);
    chooseType(request.headers.accept, [JSON_TYPE]);
    mustServe(control);
    const [pool, mirror] = [nameIn(request, 'pool'), nameIn(request, 'name', 'mirror')];
    return reply.type(JSON_TYPE).send(reportOf(await control.mirrorReport(pool, mirror)));
  });
  const missed = describe({
    id: 'listMissedWrites',
    tag: 'pools',
    summary: 'Writes that the primary took, or may have taken, and the shadow did not, oldest first: these must be repeated.',
    path: ['pool', 'name'],
    query: PAGE,
    response: 'MissedWrites',
    kind: 'history',
  });
  app.get(`${MIRROR}/missed`, { schema: missed, config: { access: 'viewer' } }, (request, reply) => {
    const { after = 0, limit } = readQuery(request.query, PAGE);
    chooseType(request.headers.accept, [JSON_TYPE]);
    mustServe(control);
    const found = control.missedWrites({ pool: nameIn(request, 'pool'), mirror: nameIn(request, 'name', 'mirror'), after, limit });
    if (typeof found === 'string') throw new HttpProblem(404, found);
    return reply.type(JSON_TYPE).send(found);
  });
}

function reportOf(outcome: MirrorReportOutcome): MirrorReport {
  switch (outcome.result) {
    case 'report':
      return outcome.report;
    case 'unknown':
      throw new HttpProblem(404, outcome.message);
    case 'uncompared':
      throw new HttpProblem(409, outcome.message);
    case 'busy':
      throw new HttpProblem(503, outcome.message, {}, { 'retry-after': '1' });
  }
}
