// What was in force before, who changed it and why, and the way back.

import type { FastifyInstance } from 'fastify';
import { yamlPieces } from '../config/print-pieces.ts';
import type { ControlApi } from '../control/control-api.ts';
import { restoreBody } from '../api/revisions.ts';
import { threadCpuMs } from '../lib/clock.ts';
import { joinInTurns } from '../lib/pace.ts';
import type { Charge } from './cpu-use.ts';
import { revisionIn } from './names.ts';
import { describe } from './openapi.ts';
import { HttpProblem } from './problem-reply.ts';
import { readQuery } from './query.ts';
import { readBody } from './read-body.ts';
import { sendState } from './state-reply.ts';
import { carryOut, WRITE_QUERY } from './write.ts';

const READ = { tag: 'revisions', kind: 'state' } as const;

/** @param charge told what a print has used, turn by turn */
export function addRevisions(app: FastifyInstance, control: ControlApi, charge: Charge): void {
  addList(app, control);
  addOne(app, control, charge);
  addRestore(app, control);
}

function addList(app: FastifyInstance, control: ControlApi): void {
  const schema = describe({
    ...READ,
    id: 'listRevisions',
    summary: 'Revisions, newest first: who changed what, when and why.',
    query: ['before', 'limit'],
    response: 'Revisions',
  });
  app.get('/v1/revisions', { schema }, async (request, reply) => {
    const { before, limit } = readQuery(request.query, ['before', 'limit']);
    const { revision } = control;
    // One more says whether there is another page.
    const found = await control.revisions({ before, limit: limit + 1 });
    const revisions = found.slice(0, limit);
    const next = found.length > limit ? revisions.at(-1)?.revision : undefined;
    return sendState(request, reply, revision, { revision, revisions, next });
  });
}

function addOne(app: FastifyInstance, control: ControlApi, charge: Charge): void {
  const schema = describe({ ...READ, id: 'getRevision', summary: 'A revision with its config.', path: ['revision'], response: 'Revision' });
  app.get('/v1/revisions/:revision', { schema }, async (request, reply) => {
    readQuery(request.query, []);
    const before = threadCpuMs();
    const found = await control.findRevision(revisionIn(request));
    // To read a large one back and to mask it takes as long as to print it, and nothing else runs meanwhile.
    charge(request, threadCpuMs() - before);
    if (found === undefined) throw new HttpProblem(404, 'There is no such revision, or it is no longer kept.');
    const { written, ...summary } = found;
    const config = await joinInTurns(yamlPieces(written), (ms) => charge(request, ms));
    return sendState(request, reply, summary.revision, { ...summary, config: config.toString() });
  });
}

function addRestore(app: FastifyInstance, control: ControlApi): void {
  const schema = describe({
    id: 'restoreRevision',
    tag: 'revisions',
    summary: 'Makes a new revision with what this one had: for operators what shifts traffic, for admins all but admin and state.',
    path: ['revision'],
    query: WRITE_QUERY,
    body: 'RestoreBody',
    response: 'ChangeResponse',
    kind: 'write',
  });
  app.post('/v1/revisions/:revision/restore', { schema, config: { access: 'operator' } }, (request, reply) => {
    const revision = revisionIn(request);
    const { pools, sessions, reason } = readBody(restoreBody, request);
    return carryOut(control, { request, reply }, { kind: 'restore', revision, ...(pools !== undefined && { pools }), sessions }, reason);
  });
}
