// Rollouts: to start and steer them, and to see where they are and why.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  alarmsBody,
  conversionsBody,
  freezeBody,
  rolloutActionBody,
  rolloutForwardBody,
  rolloutPlanBody,
  rolloutStartBody,
} from '../api/rollout-bodies.ts';
import type { ControlApi } from '../control/control-api.ts';
import type { By, RolloutAction, RolloutOutcome, RolloutRefusal, StartRequest } from '../control/rollouts/rollouts-api.ts';
import { chooseType } from './accept.ts';
import { nameIn } from './names.ts';
import { describe } from './openapi.ts';
import { HttpProblem } from './problem-reply.ts';
import { readQuery } from './query.ts';
import { JSON_TYPE, readBody } from './read-body.ts';

const ACTIONS: readonly (readonly [RolloutAction, string])[] = [
  ['pause', 'Stops a rollout where it is; checks go on, and what fails is still taken back.'],
  ['resume', 'Lets a paused or held rollout go on.'],
  ['approve', 'Passes the gate of an approve step.'],
  ['promote', 'Goes to the end at once.'],
  ['abort', 'Goes back to the split from before; in every state that has not ended.'],
  ['retry', 'Begins a rollout anew that was taken back, with fresh evidence and half the alpha.'],
];

/** They can be told not to wait for a window. */
const FORWARD: ReadonlySet<RolloutAction> = new Set<RolloutAction>(['resume', 'promote', 'retry']);

export function addRollouts(app: FastifyInstance, control: ControlApi): void {
  addReads(app, control);
  addStart(app, control);
  for (const [action, summary] of ACTIONS) addAction(app, control, action, summary);
  addBreakers(app, control);
  addFreeze(app, control);
  addAlarms(app, control);
  addConversions(app, control);
}

function addReads(app: FastifyInstance, { rollouts }: ControlApi): void {
  const read = { tag: 'rollouts', kind: 'report' } as const;
  const all = describe({
    ...read,
    id: 'listRollouts',
    summary: 'Rollouts that run, then those that ended, newest first.',
    response: 'Rollouts',
  });
  app.get('/v1/rollouts', { schema: all }, (request, reply) => {
    readQuery(request.query, []);
    return send(reply, { rollouts: rollouts.list() });
  });
  const one = describe({
    ...read,
    id: 'getRollout',
    summary: 'A rollout: its steps, its checks with their evidence, and why it is where it is.',
    path: ['rollout'],
    response: 'Rollout',
  });
  app.get('/v1/rollouts/:rollout', { schema: one }, (request, reply) => {
    readQuery(request.query, []);
    const id = nameIn(request, 'rollout');
    const found = rollouts.find(id);
    if (found === undefined) throw new HttpProblem(404, `There is no rollout ${id}.`);
    return send(reply, found);
  });
}

function addStart(app: FastifyInstance, { rollouts }: ControlApi): void {
  const start = describe({
    tag: 'rollouts',
    kind: 'action',
    id: 'startRollout',
    status: 201,
    summary: 'Starts a rollout of a pool, or of several together. Responds when it is kept; its first step begins at once.',
    body: 'RolloutStartBody',
    response: 'Rollout',
  });
  app.post('/v1/rollouts', { schema: start, config: { access: 'operator' } }, async (request, reply) => {
    refuseConditions(request);
    const body = readBody(rolloutStartBody, request);
    const { template, reason, force = false } = body;
    return replyTo(reply.status(201), await rollouts.start({ pools: targetsOf(body), template, force, ...by(request, reason) }));
  });
  const plan = describe({
    tag: 'rollouts',
    kind: 'action',
    id: 'planRollout',
    summary: 'What a start would do, of one pool or of several together, from the traffic of the last minutes. Changes nothing.',
    body: 'RolloutPlanBody',
    response: 'RolloutPlan',
  });
  app.post('/v1/rollouts/plan', { schema: plan, config: { access: 'viewer' } }, async (request, reply) => {
    refuseConditions(request);
    const body = readBody(rolloutPlanBody, request);
    const found = await rollouts.plan({ pools: targetsOf(body), template: body.template });
    if ('result' in found) throw problemOf(found);
    return send(reply, found);
  });
}

interface Asked {
  readonly pool?: string | undefined;
  readonly to?: string | undefined;
  readonly from?: string | undefined;
  readonly pools?: readonly { readonly pool: string; readonly to: string; readonly from?: string | undefined }[] | undefined;
}

function targetsOf({ pool = '', to = '', from, pools = [{ pool, to, from }] }: Asked): StartRequest['pools'] {
  return pools.map((each) => ({ pool: each.pool, to: each.to, from: each.from }));
}

function addAction(app: FastifyInstance, { rollouts }: ControlApi, action: RolloutAction, summary: string): void {
  const schema = describe({
    tag: 'rollouts',
    kind: 'action',
    id: `${action}Rollout`,
    summary,
    path: ['rollout'],
    body: FORWARD.has(action) ? 'RolloutForwardBody' : 'RolloutActionBody',
    response: 'Rollout',
  });
  app.post(`/v1/rollouts/:rollout/${action}`, { schema, config: { access: 'operator' } }, async (request, reply) => {
    refuseConditions(request);
    const id = nameIn(request, 'rollout');
    const { reason, force = false } = readAction(action, request);
    return replyTo(reply, await rollouts.act(id, action, { ...by(request, reason), force }));
  });
}

function readAction(
  action: RolloutAction,
  request: FastifyRequest,
): {
  readonly reason?: string | undefined;
  readonly force?: boolean | undefined;
} {
  return FORWARD.has(action) ? readBody(rolloutForwardBody, request) : readBody(rolloutActionBody, request);
}

function addBreakers(app: FastifyInstance, { rollouts }: ControlApi): void {
  const read = describe({
    tag: 'rollouts',
    kind: 'report',
    id: 'getBreaker',
    summary: 'Whether rollouts of a pool are refused because the last ones failed.',
    path: ['pool'],
    response: 'Breaker',
  });
  app.get('/v1/pools/:pool/breaker', { schema: read }, async (request, reply) => {
    readQuery(request.query, []);
    const pool = nameIn(request, 'pool');
    return send(reply, (await rollouts.breaker(pool)) ?? noPool(pool));
  });
  const reset = describe({
    tag: 'rollouts',
    kind: 'action',
    id: 'resetBreaker',
    summary: 'Forgives the rollouts of a pool that failed: the next may start.',
    path: ['pool'],
    body: 'RolloutActionBody',
    response: 'Breaker',
  });
  app.post('/v1/pools/:pool/breaker/reset', { schema: reset, config: { access: 'operator' } }, async (request, reply) => {
    refuseConditions(request);
    const pool = nameIn(request, 'pool');
    const { reason } = readBody(rolloutActionBody, request);
    return send(reply, (await rollouts.resetBreaker(pool, by(request, reason))) ?? noPool(pool));
  });
}

function addFreeze(app: FastifyInstance, { rollouts }: ControlApi): void {
  const read = describe({ tag: 'rollouts', kind: 'report', id: 'getFreeze', summary: 'Whether rollouts are frozen.', response: 'Freeze' });
  app.get('/v1/freeze', { schema: read }, (request, reply) => {
    readQuery(request.query, []);
    return send(reply, rollouts.freeze);
  });
  const write = describe({
    tag: 'rollouts',
    kind: 'action',
    id: 'setFreeze',
    summary: 'Stops starts and promotions of rollouts, never rollbacks, or lets them go on.',
    body: 'FreezeBody',
    response: 'Freeze',
  });
  app.put('/v1/freeze', { schema: write, config: { access: 'operator' } }, async (request, reply) => {
    refuseConditions(request);
    const { frozen, reason } = readBody(freezeBody, request);
    return send(reply, await rollouts.setFreeze(frozen, by(request, reason)));
  });
}

function addAlarms(app: FastifyInstance, { rollouts }: ControlApi): void {
  const schema = describe({
    tag: 'rollouts',
    kind: 'action',
    id: 'tellAlarms',
    summary: "Takes alarms in the form of Alertmanager's webhook; a check of a rollout can name them.",
    body: 'AlarmsBody',
    response: 'AlarmsKnown',
  });
  app.post('/v1/alarms', { schema, config: { access: 'operator' } }, async (request, reply) => {
    refuseConditions(request);
    const { alerts } = readBody(alarmsBody, request);
    return send(reply, { firing: await rollouts.alarms(alerts) });
  });
}

function addConversions(app: FastifyInstance, { rollouts }: ControlApi): void {
  const schema = describe({
    tag: 'rollouts',
    kind: 'action',
    id: 'tellConversions',
    summary: 'Takes events of users that an application has seen, such as purchases; a check of kind event can name them.',
    body: 'ConversionsBody',
    response: 'ConversionsCounted',
  });
  app.post('/v1/events', { schema, config: { access: 'operator' } }, async (request, reply) => {
    refuseConditions(request);
    return send(reply, { counted: await rollouts.conversions(readBody(conversionsBody, request).events) });
  });
}

/** They guard revisions of the config; a rollout has its own states. */
function refuseConditions(request: FastifyRequest): void {
  readQuery(request.query, []);
  chooseType(request.headers.accept, [JSON_TYPE]);
  if (request.headers['if-match'] !== undefined || request.headers['if-none-match'] !== undefined)
    throw new HttpProblem(400, 'This call takes no If-Match and no If-None-Match: a rollout changes by itself.');
}

function by({ author, role }: FastifyRequest, reason: string | undefined): By {
  return { author, role, reason: reason ?? '' };
}

function replyTo(reply: FastifyReply, outcome: RolloutOutcome): FastifyReply {
  if (outcome.result !== 'done') throw problemOf(outcome);
  return send(reply, outcome.rollout);
}

export function problemOf(refusal: RolloutRefusal): HttpProblem {
  switch (refusal.result) {
    case 'unknown':
      return new HttpProblem(404, refusal.message);
    case 'conflict':
      return new HttpProblem(409, refusal.message);
    case 'forbidden':
      return new HttpProblem(403, refusal.message);
    case 'rejected': {
      const problems = refusal.problems.map(({ path, line, column, message }) => ({ path, line, column, message }));
      return new HttpProblem(422, 'The rollout cannot start; nothing has changed.', { problems });
    }
    case 'failed':
      return new HttpProblem(503, refusal.message, {}, { 'retry-after': '1' });
  }
}

function noPool(pool: string): never {
  throw new HttpProblem(404, `There is no pool ${pool}.`);
}

function send(reply: FastifyReply, body: object): FastifyReply {
  return reply.type(JSON_TYPE).send(body);
}
