// What machines ask without a token: whether the process is alive, whether it is ready, and its metrics.

import type { FastifyInstance } from 'fastify';
import type { AdminServerOptions } from './admin-options.ts';
import { describe } from './openapi.ts';
import { ALIVE, readinessReply } from './plain-probe.ts';
import { PROBLEM_TYPE } from './problem-reply.ts';
import type { Scrapes } from './scrapes.ts';

export function addProbes(app: FastifyInstance, { ports, metricsType }: AdminServerOptions, scrapes: Pick<Scrapes, 'text'>): void {
  const probe = { tag: 'instance', kind: 'probe' } as const;
  const config = { access: 'open' } as const;
  const livez = describe({ ...probe, id: 'isAlive', summary: 'Whether the process responds.', response: 'Probe' });
  app.get('/livez', { schema: livez, config }, () => ALIVE.body);
  const readyz = describe({ ...probe, id: 'isReady', summary: '503 while it starts, drains or is overloaded.', response: 'Probe' });
  app.get('/readyz', { schema: readyz, config }, (_request, reply) => {
    const { status, body } = readinessReply(ports.ready());
    return status === 200 ? reply.send(body) : reply.code(status).type(PROBLEM_TYPE).serializer(JSON.stringify).send(body);
  });
  const metrics = describe({ ...probe, id: 'getMetrics', summary: 'Prometheus text.', response: ['text/plain'] });
  app.get('/metrics', { schema: metrics, config }, async (_request, reply) => reply.type(metricsType).send(await scrapes.text()));
}
