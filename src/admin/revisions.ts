// What was in force before, who changed it and why, and the way back.

import type { FastifyInstance } from 'fastify';
import { yamlPieces } from '../config/print-pieces.ts';
import type { ControlApi } from '../control/control-api.ts';
import { restoreBody } from '../api/revisions.ts';
import { joinInTurns } from '../lib/pace.ts';
import { chooseType } from './accept.ts';
import { revisionIn } from './names.ts';
import { describe } from './openapi.ts';
import { HttpProblem } from './problem-reply.ts';
import { readQuery } from './query.ts';
import { JSON_TYPE, readBody } from './read-body.ts';
import { sendState, tagUnlessKnown } from './state-reply.ts';
import { carryOut, WRITE_QUERY } from './write.ts';

const READ = { tag: 'revisions', kind: 'state' } as const;

export function addRevisions(app: FastifyInstance, control: ControlApi): void {
  addList(app, control);
  addOne(app, control);
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

function addOne(app: FastifyInstance, control: ControlApi): void {
  const schema = describe({ ...READ, id: 'getRevision', summary: 'A revision with its config.', path: ['revision'], response: 'Revision' });
  const printed = new LastPrinted();
  app.get('/v1/revisions/:revision', { schema }, async (request, reply) => {
    readQuery(request.query, []);
    chooseType(request.headers.accept, [JSON_TYPE]);
    const number = revisionIn(request);
    const found = await control.findRevision(number);
    if (found === undefined) throw new HttpProblem(404, 'There is no such revision, or it is no longer kept.');
    if (tagUnlessKnown(request, reply, number)) return reply.code(304).send();
    const print = async (): Promise<Buffer> => {
      const { written, ...summary } = found;
      const config = yamlPieces(await written(request.account));
      return joinInTurns(withText(summary, 'config', config), (ms) => request.account.charge(ms));
    };
    const body = await printed.take(number, print);
    return reply.type(`${JSON_TYPE}; charset=utf-8`).send(body);
  });
}

/** JSON of a map with one more text, which comes in pieces. */
function* withText(map: object, key: string, pieces: Iterable<string>): Generator<string, void> {
  yield `${JSON.stringify(map).slice(0, -1)},${JSON.stringify(key)}:"`;
  for (const piece of pieces) yield JSON.stringify(piece).slice(1, -1);
  yield '"}';
}

/** The revision that was printed last: it never changes, and who watches a rollback asks for it again. */
class LastPrinted {
  #number = 0;
  /** Weak once it is printed: memory is for others. */
  #body: Promise<Buffer> | WeakRef<Buffer> | undefined = undefined;

  async take(number: number, print: () => Promise<Buffer>): Promise<Buffer> {
    const known = this.#number === number ? this.#body : undefined;
    const body = known instanceof WeakRef ? known.deref() : known;
    if (body !== undefined) return body;
    const printing = print();
    [this.#number, this.#body] = [number, printing];
    let made: Buffer | undefined;
    try {
      return (made = await printing);
    } finally {
      if (this.#body === printing) this.#body = made && new WeakRef(made);
    }
  }
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
    const { pools, sessions, force, reason } = readBody(restoreBody, request);
    const change = {
      kind: 'restore',
      revision,
      ...(pools !== undefined && { pools }),
      sessions,
      ...(force === true && { force }),
    } as const;
    return carryOut(control, { request, reply }, change, reason);
  });
}
