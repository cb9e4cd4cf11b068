// Versions and endpoints: what is left on them, and how they are taken out of use and back.

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Change, ControlApi } from '../control/control-api.ts';
import { reasonBody } from '../api/change.ts';
import { drainBody } from '../api/drains.ts';
import { addressIn, nameIn } from './names.ts';
import { describe } from './openapi.ts';
import { findPool } from './pools.ts';
import { HttpProblem } from './problem-reply.ts';
import { readQuery } from './query.ts';
import { readBody } from './read-body.ts';
import { sendState } from './state-reply.ts';
import { carryOut, WRITE_QUERY } from './write.ts';

const VERSION = '/v1/pools/:pool/versions/:version';
const ENDPOINT = `${VERSION}/endpoints/:address`;

type Target = Pick<Change & { kind: 'drain' }, 'pool' | 'version' | 'endpoint'>;

export function addDrains(app: FastifyInstance, control: ControlApi): void {
  addVersion(app, control);
  for (const [url, path, what] of [
    [VERSION, ['pool', 'version'], 'Version'],
    [ENDPOINT, ['pool', 'version', 'address'], 'Endpoint'],
  ] as const) {
    const write = { tag: 'pools', kind: 'write', query: WRITE_QUERY, response: 'ChangeResponse', path } as const;
    const noun = what === 'Version' ? 'a version' : 'an endpoint';
    const drain = describe({
      ...write,
      id: `drain${what}`,
      summary: `Drains ${noun}: it gets nothing new and finishes what it has.`,
      body: 'DrainBody',
    });
    app.post(`${url}/drain`, { schema: drain, config: { access: 'operator' } }, (request, reply) => {
      const target = targetOf(request);
      const { deadline, force, reason } = readBody(drainBody, request);
      const limit = { ...(deadline !== undefined && { deadlineMs: deadline }), ...(force === true && { force }) };
      return carryOut(control, { request, reply }, { kind: 'drain', ...target, ...limit }, reason);
    });
    const resume = describe({ ...write, id: `resume${what}`, summary: `Puts ${noun} back into use.`, body: 'ReasonBody' });
    app.post(`${url}/resume`, { schema: resume, config: { access: 'operator' } }, (request, reply) => {
      const target = targetOf(request);
      const { reason } = readBody(reasonBody, request);
      return carryOut(control, { request, reply }, { kind: 'resume', ...target }, reason);
    });
  }
}

function addVersion(app: FastifyInstance, control: ControlApi): void {
  const schema = describe({
    id: 'getVersion',
    tag: 'pools',
    summary: 'A version with its live state: what is left on it while it drains.',
    path: ['pool', 'version'],
    response: 'VersionState',
    kind: 'state',
  });
  app.get(VERSION, { schema }, (request, reply) => {
    readQuery(request.query, []);
    const { name: pool, revision, workers, versions } = findPool(control, nameIn(request, 'pool'));
    const name = nameIn(request, 'version');
    const version = versions.find((each) => each.name === name);
    if (version === undefined) throw new HttpProblem(404, `Pool ${pool} has no version ${name}.`);
    return sendState(request, reply, revision, { pool, revision, workers, ...version });
  });
}

function targetOf(request: FastifyRequest): Target {
  const hasEndpoint = Object.hasOwn(request.params as object, 'address');
  return {
    pool: nameIn(request, 'pool'),
    version: nameIn(request, 'version'),
    endpoint: hasEndpoint ? addressIn(request) : undefined,
  };
}
