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
  /** Whether the token or the certificate of a request is still valid. */
  readonly isAllowed: (request: FastifyRequest) => boolean;
  /** Called when a request stays open. Throws an HttpProblem when there is no place for one more. */
  readonly beginStream: (request: FastifyRequest, reply: FastifyReply) => void;
}

const EVENTS_TYPE = 'text/event-stream';

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
  app.get('/v1/events', { schema, exposeHeadRoute: false, config: { isStream: true } }, (request, reply) => {
    const { after } = readQuery(request.query, ['after']);
    chooseType(request.headers.accept, [EVENTS_TYPE]);
    const last = lastEvent(request.headers['last-event-id']) ?? after;
    options.beginStream(request, reply);
    reply.hijack();
    reply.raw.writeHead(200, { ...SAFE_HEADERS, 'content-type': EVENTS_TYPE, 'x-accel-buffering': 'no' });
    const subscriber = new Subscriber({ out: reply.raw, control, clock, after: last, isAllowed: () => options.isAllowed(request) });
    open.add(subscriber);
    reply.raw.once('close', () => open.delete(subscriber));
    if (reply.raw.destroyed) open.delete(subscriber);
    // A subscriber that ends its side has left; the next event, which would show it, may be hours away.
    request.raw.socket.once('end', () => subscriber.close());
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
