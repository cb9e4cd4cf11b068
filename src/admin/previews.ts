// Previews of a pool: versions for a time, which only those meet who ask for them.

import type { FastifyInstance } from 'fastify';
import { previewBody } from '../api/previews.ts';
import type { PreviewView } from '../api/previews.ts';
import type { Config, OverrideConfig } from '../config/model.ts';
import { routeName } from '../config/set-preview.ts';
import type { ControlApi } from '../control/control-api.ts';
import { wallMs } from '../lib/clock.ts';
import { nameIn } from './names.ts';
import { describe } from './openapi.ts';
import { findPool } from './pools.ts';
import { readQuery } from './query.ts';
import { readBody, refuseBody } from './read-body.ts';
import type { SentBody } from './read-body.ts';
import { sendState } from './state-reply.ts';
import { carryOut, WRITE_QUERY } from './write.ts';

export function addPreviews(app: FastifyInstance, control: ControlApi): void {
  addList(app, control);
  addSet(app, control);
  addRemove(app, control);
}

function addList(app: FastifyInstance, control: ControlApi): void {
  const list = describe({
    id: 'listPreviews',
    tag: 'pools',
    kind: 'state',
    summary: 'Previews of a pool: versions for a time, which only those meet who ask for them.',
    path: ['pool'],
    response: 'Previews',
  });
  app.get('/v1/pools/:pool/previews', { schema: list }, (request, reply) => {
    readQuery(request.query, []);
    const { name: pool, revision } = findPool(control, nameIn(request, 'pool'));
    return sendState(request, reply, revision, {
      pool,
      revision,
      previews: control.config === undefined ? [] : previewsOf(control.config, pool),
    });
  });
}

function addSet(app: FastifyInstance, control: ControlApi): void {
  const set = describe({
    id: 'setPreview',
    tag: 'pools',
    kind: 'write',
    summary: 'Adds a preview to a pool, or replaces it; its time begins anew.',
    path: ['pool', 'name'],
    query: WRITE_QUERY,
    body: 'PreviewBody',
    response: 'ChangeResponse',
  });
  app.put('/v1/pools/:pool/previews/:name', { schema: set, config: { access: 'operator' } }, (request, reply) => {
    const [pool, name] = [nameIn(request, 'pool'), nameIn(request, 'name')];
    const { endpoints, host, ttl: ttlMs, reason } = readBody(previewBody, request);
    const override = host === undefined ? matchIn(request.body as SentBody) : undefined;
    const change = { kind: 'preview', pool, name, endpoints, untilMs: wallMs() + ttlMs, ttlMs, override, host } as const;
    return carryOut(control, { request, reply }, change, reason);
  });
}

function addRemove(app: FastifyInstance, control: ControlApi): void {
  const remove = describe({
    id: 'removePreview',
    tag: 'pools',
    kind: 'write',
    summary: 'Takes a preview away before its time is over.',
    path: ['pool', 'name'],
    query: WRITE_QUERY,
    response: 'ChangeResponse',
  });
  app.delete('/v1/pools/:pool/previews/:name', { schema: remove, config: { access: 'operator' } }, (request, reply) => {
    refuseBody(request);
    const change = { kind: 'remove-preview', pool: nameIn(request, 'pool'), name: nameIn(request, 'name') } as const;
    return carryOut(control, { request, reply }, change);
  });
}

/** As it is written: the config decodes it. */
function matchIn({ value }: SentBody): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(value as object).filter(([key]) => key === 'header' || key === 'cookie' || key === 'query'));
}

function previewsOf({ pools, routes }: Config, pool: string): readonly PreviewView[] {
  const { versions = [], overrides = [] } = pools.find(({ name }) => name === pool) ?? {};
  const found = versions.flatMap(({ name, endpoints, previewUntilMs: untilMs }) => {
    if (untilMs === undefined) return [];
    const route = routes.find((each) => each.name === routeName(pool, name));
    const requests = route === undefined ? wordsOf(overrides.find((each) => each.name === name)) : `host ${route.hosts.join(', ')}`;
    return [{ name, endpoints: endpoints.map(({ key }) => key), untilMs, requests }];
  });
  return found.sort((a, b) => a.untilMs - b.untilMs);
}

function wordsOf(override: OverrideConfig | undefined): string {
  if (override === undefined) return '';
  const { source, value } = override;
  return `${source.kind} ${source.name}${value.kind === 'exact' ? `=${value.value}` : value.kind === 'present' ? '' : ' (an expression)'}`;
}
