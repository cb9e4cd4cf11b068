// The journal as server-sent events.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ControlApi } from '../control/control-api.ts';
import type { Clock } from '../lib/clock.ts';
import { chooseType } from './accept.ts';
import { describe } from './openapi.ts';
import { HttpProblem } from './problem-reply.ts';
import { readQuery } from './query.ts';
import { SAFE_HEADERS } from './safe-headers.ts';
import { Subscriber } from './subscriber.ts';

export interface EventsDeps {
  readonly control: ControlApi;
  readonly clock: Clock;
  /** Whether the token of a request is still valid. */
  readonly isAllowed: (request: FastifyRequest) => boolean;
  /** Called when a request stays open and no longer counts as work. */
  readonly onOpen: (reply: FastifyReply) => void;
}

const EVENTS_TYPE = 'text/event-stream';
const MAX_SUBSCRIBERS = 32;

export function addEvents(app: FastifyInstance, options: EventsDeps): void {
  const { control, clock } = options;
  const open = new Set<Subscriber>();
  const schema = describe({
    id: 'followEvents',
    tag: 'events',
    summary:
      'What happens, as server-sent events: id is the number, event the kind, data a JournalLine as JSON. /v1/journal has the same in pages.',
    query: ['after'],
    response: [EVENTS_TYPE],
    kind: 'events',
  });
  app.get('/v1/events', { schema, exposeHeadRoute: false }, (request, reply) => {
    const { after } = readQuery(request.query, ['after']);
    chooseType(request.headers.accept, [EVENTS_TYPE]);
    const last = lastEvent(request.headers['last-event-id']) ?? after;
    if (open.size >= MAX_SUBSCRIBERS)
      throw new HttpProblem(503, `There are ${MAX_SUBSCRIBERS} subscribers already.`, {}, { 'retry-after': '5' });
    reply.hijack();
    options.onOpen(reply);
    reply.raw.writeHead(200, { ...SAFE_HEADERS, 'content-type': EVENTS_TYPE, 'x-accel-buffering': 'no' });
    const subscriber = new Subscriber({ out: reply.raw, control, clock, after: last, isAllowed: () => options.isAllowed(request) });
    open.add(subscriber);
    reply.raw.once('close', () => open.delete(subscriber));
    if (reply.raw.destroyed) open.delete(subscriber);
  });
  app.addHook('onClose', async () => {
    for (const subscriber of open) subscriber.close();
  });
}

function lastEvent(field: string | string[] | undefined): number | undefined {
  if (field === undefined || field === '') return undefined;
  if (typeof field === 'string' && /^[0-9]{1,15}$/.test(field)) return Number(field);
  throw new HttpProblem(400, 'Last-Event-ID must be the id of an event: a whole number.');
}
