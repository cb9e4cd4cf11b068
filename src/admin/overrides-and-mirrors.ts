// Overrides and mirrors of a pool: what a canary controller sets and takes back.

import type { FastifyInstance } from 'fastify';
import type { ZodType } from 'zod';
import { readField } from '../config/field.ts';
import { withoutMasks } from '../config/mask.ts';
import { showConfig } from '../config/print.ts';
import type { Change, ControlApi } from '../control/control-api.ts';
import { isMap } from '../lib/plain.ts';
import { mirrorBody } from '../api/mirrors.ts';
import { overrideBody } from '../api/overrides.ts';
import { nameIn } from './names.ts';
import { describe } from './openapi.ts';
import { findPool } from './pools.ts';
import { HttpProblem } from './problem-reply.ts';
import { readQuery } from './query.ts';
import { readBody, refuseBody } from './read-body.ts';
import type { SentBody } from './read-body.ts';
import { sendState } from './state-reply.ts';
import { carryOut, WRITE_QUERY } from './write.ts';

/** One kind of thing that is listed by name. */
interface Kind {
  readonly list: 'overrides' | 'mirrors';
  readonly one: string;
  /** In the names of calls and schemas. */
  readonly title: 'Override' | 'Mirror';
  readonly body: ZodType<{ readonly reason?: string | undefined }>;
  set(pool: string, name: string, value: unknown): Change;
  remove(pool: string, name: string): Change;
  clear(pool: string): Change;
  /** How a response has it as it is written. */
  show(written: object): object;
}

const OVERRIDES: Kind = {
  list: 'overrides',
  one: 'override',
  title: 'Override',
  body: overrideBody,
  set: (pool, name, override) => ({ kind: 'override', pool, name, override }),
  remove: (pool, name) => ({ kind: 'remove-override', pool, name }),
  clear: (pool) => ({ kind: 'clear-overrides', pool }),
  show: (written) => written,
};

const MIRRORS: Kind = {
  list: 'mirrors',
  one: 'mirror',
  title: 'Mirror',
  body: mirrorBody,
  set: (pool, name, mirror) => ({ kind: 'mirror', pool, name, mirror }),
  remove: (pool, name) => ({ kind: 'remove-mirror', pool, name }),
  clear: (pool) => ({ kind: 'clear-mirrors', pool }),
  show: (mirror) => ({ mirror }),
};

export function addListed(app: FastifyInstance, control: ControlApi): void {
  for (const kind of [OVERRIDES, MIRRORS]) {
    addReads(app, control, kind);
    addWrites(app, control, kind);
  }
}

function addReads(app: FastifyInstance, control: ControlApi, { list, one, title, show }: Kind): void {
  const read = { tag: 'pools', kind: 'state' } as const;
  const all = describe({
    ...read,
    id: `list${title}s`,
    summary: `${title}s of a pool, in order.`,
    path: ['pool'],
    response: `${title}s`,
  });
  app.get(`/v1/pools/:pool/${list}`, { schema: all }, (request, reply) => {
    readQuery(request.query, []);
    const { name: pool, revision, [list]: found } = findPool(control, nameIn(request, 'pool'));
    return sendState(request, reply, revision, { pool, revision, [list]: found });
  });
  const single = describe({
    ...read,
    id: `get${title}`,
    summary: `${title === 'Override' ? 'An override' : 'A mirror'}, as the YAML says it.`,
    path: ['pool', 'name'],
    response: `${title}State`,
  });
  app.get(`/v1/pools/:pool/${list}/:name`, { schema: single }, (request, reply) => {
    readQuery(request.query, []);
    const pool = findPool(control, nameIn(request, 'pool'));
    const name = nameIn(request, 'name', one);
    const status = pool[list].find((each) => each.name === name);
    if (status === undefined) throw new HttpProblem(404, `Pool ${pool.name} has no ${one} ${name}.`);
    const written = writtenOne(control, { list, pool: pool.name, name });
    return sendState(request, reply, pool.revision, { ...show(written), ...status, pool: pool.name, revision: pool.revision });
  });
}

function addWrites(app: FastifyInstance, control: ControlApi, kind: Kind): void {
  const { list, one, title, body } = kind;
  const [all, single] = [`/v1/pools/:pool/${list}`, `/v1/pools/:pool/${list}/:name`];
  const write = { tag: 'pools', kind: 'write', query: WRITE_QUERY, response: 'ChangeResponse' } as const;
  const named = title === 'Override' ? 'an override' : 'a mirror';
  const set = describe({
    ...write,
    id: `set${title}`,
    summary: `Adds or replaces ${named}.`,
    path: ['pool', 'name'],
    body: `${title}Body`,
  });
  app.put(single, { schema: set, config: { access: 'operator' } }, (request, reply) => {
    const [pool, name] = [nameIn(request, 'pool'), nameIn(request, 'name', one)];
    // What masks stand for is found out in its turn, and so is whether they stand for anything.
    const { reason } = readBody(body, request, withoutMasks);
    return carryOut(control, { request, reply }, kind.set(pool, name, withoutReason(request.body)), reason);
  });
  const remove = describe({ ...write, id: `remove${title}`, summary: `Removes ${named}.`, path: ['pool', 'name'] });
  app.delete(single, { schema: remove, config: { access: 'operator' } }, (request, reply) => {
    refuseBody(request);
    return carryOut(control, { request, reply }, kind.remove(nameIn(request, 'pool'), nameIn(request, 'name', one)));
  });
  const clear = describe({
    ...write,
    id: `clear${title}s`,
    summary: 'Removes everything that the API added or changed; what the file says comes back.',
    path: ['pool'],
  });
  app.delete(all, { schema: clear, config: { access: 'operator' } }, (request, reply) => {
    refuseBody(request);
    return carryOut(control, { request, reply }, kind.clear(nameIn(request, 'pool')));
  });
}

/** As it was sent: the rules of the config read it like YAML. `readBody` has found nothing wrong with it. */
function withoutReason(body: unknown): unknown {
  const { reason: _, ...value } = ((body as SentBody | undefined)?.value ?? {}) as Readonly<Record<string, unknown>>;
  return value;
}

/** With masks in place of secrets. */
function writtenOne({ config }: ControlApi, { list, pool, name }: { list: Kind['list']; pool: string; name: string }): object {
  if (config === undefined) return {};
  const found = readField(showConfig(config), ['pools', pool, list, name]);
  return isMap(found) ? found : {};
}
