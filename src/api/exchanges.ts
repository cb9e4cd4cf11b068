// Recent exchanges: a sample of what was served, without bodies and with secrets masked.

import { z } from 'zod';
import { count, statusCode, timeMs, type Contract, type Examples } from './scalars.ts';

const exchange = z.object({
  protocol: z
    .literal('tcp')
    .describe('Of a connection that was passed through, which has no method, target, fields and status; absent: it was a request.')
    .optional(),
  atMs: timeMs.describe('When the head of the request was complete, in milliseconds since the epoch.'),
  id: z.string().describe('Request id, as the upstream got it; absent when no upstream was asked.').optional(),
  listener: z.string(),
  client: z.string().describe('Address of the client; empty on a Unix socket.'),
  method: z.string(),
  authority: z.string(),
  serverName: z.string().describe('The name that the client of such a connection asked for.').optional(),
  target: z.string(),
  fields: z.array(z.object({ name: z.string(), value: z.string() })).describe('Fields of the request, in their order; secrets are ***.'),
  cut: z.boolean().describe('Whether target or fields are longer than what was kept.'),
  route: z.string().optional(),
  pool: z.string().optional(),
  version: z.string().optional(),
  deploy: z.string().describe('Which deploy the version was at the time; absent when it has no marker.').optional(),
  endpoint: z.string().optional(),
  reason: z
    .string()
    .describe('Why this version: route, override, affinity, affinity-new, weight, fallback, slow-start or remembered.')
    .optional(),
  override: z.string().describe('The override that decided.').optional(),
  keyed: z.boolean().describe('Whether the request brought an affinity key.'),
  status: statusCode,
  outcome: z.string().describe('How the exchange ended, such as ok, no_route or response_timeout.'),
  detail: z.string().describe('Why a message was refused: what is wrong with it, which limit it breaks, and where.').optional(),
  attempts: count.describe('How often an upstream was tried.'),
  durationMs: z.number().describe('Milliseconds from the head of the request to the end of the response.'),
  firstByteMs: z.number().describe('Milliseconds to the head of the response; absent when there was none.').optional(),
  bytesIn: count.describe('Bytes of the request body, or from the client.'),
  bytesOut: count.describe('Bytes of the response body, or to the client.'),
});

const exchanges = z.object({
  workers: z
    .object({ responded: count, total: count })
    .describe('How many workers responded, and how many there are; a worker that does not respond within a second is left out.'),
  exchanges: z.array(exchange).describe('Newest first.'),
});

/** One exchange as it was served, without bodies and with secrets masked. */
export type ShownExchange = Contract<typeof exchange>;
export type RecentExchangesResponse = Contract<typeof exchanges>;

export const exchangeSchemas = { Exchange: exchange, Exchanges: exchanges } as const;

const served: ShownExchange = {
  atMs: 1_769_864_709_000,
  id: 'abcdef0123451',
  listener: 'web',
  client: '203.0.113.9',
  method: 'GET',
  authority: 'shop.example.com',
  target: '/cart?token=***',
  fields: [{ name: 'Cookie', value: '***' }],
  cut: false,
  route: 'shop',
  pool: 'shop',
  version: 'v2',
  deploy: '2026-11-21.3',
  endpoint: '127.0.0.1:9003',
  reason: 'weight',
  keyed: true,
  status: 200,
  outcome: 'ok',
  attempts: 1,
  durationMs: 12.3,
  firstByteMs: 11,
  bytesIn: 0,
  bytesOut: 1234,
};

export const exchangeExamples: Examples<typeof exchangeSchemas> = {
  Exchange: served,
  Exchanges: { workers: { responded: 4, total: 4 }, exchanges: [served] },
};
