import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { refusalText, reply, replyRoute } from '../../../../src/proxy/steps/local-reply.ts';
import { OUTCOME, OUTCOMES } from '../../../../src/telemetry/outcomes.ts';
import type { RouteConfig } from '../../../../src/config/model.ts';
import { find, makeRoute, makeTable } from '../../routing/make-table.ts';
import { FakeExchange, SETTINGS, makeRouted, trusting } from '../fakes.ts';

interface Message {
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
}

function read(text: string): Message {
  const [head = '', ...body] = text.split('\r\n\r\n');
  const [line = '', ...fields] = head.split('\r\n');
  return {
    status: Number(line.split(' ')[1]),
    fields: Object.fromEntries(fields.map((field) => field.split(': ') as [string, string])),
    body: body.join('\r\n\r\n'),
  };
}

describe('a failure', () => {
  test.each(OUTCOMES.filter(({ status }) => status > 0))('$code says what the table of outcomes says', (outcome) => {
    const { exchange, downstream, calls, state } = makeRouted();
    reply(exchange, outcome);
    const { status, fields, body } = read(downstream.written);
    expect([status, fields['x-sluice-outcome'], body]).toEqual([outcome.status, outcome.code, `${outcome.text}\n`]);
    expect(fields['content-length']).toBe(String(body.length));
    expect(fields['retry-after']).toBe(outcome.status === 503 ? '1' : undefined);
    expect([state.outcome, state.status, state.responded]).toEqual([outcome, outcome.status, true]);
    expect(calls).toEqual([`endAttempt(${outcome.code})`, `finish(${outcome.code})`]);
  });

  test('is a status of gRPC to a call, in a head that is the whole response', () => {
    const told = (contentType: string, outcome: keyof typeof OUTCOME) => {
      const { exchange, downstream, state } = makeRouted(
        `POST /shop.Carts/Add HTTP/1.1\r\nhost: a\r\ncontent-type: ${contentType}\r\n\r\n`,
      );
      reply(exchange, OUTCOME[outcome]);
      const { status, fields, body } = read(downstream.written);
      return [
        status,
        state.status,
        body,
        fields['content-type'],
        fields['grpc-status'],
        fields['grpc-message'],
        fields['x-sluice-outcome'],
      ];
    };
    const GRPC = 'application/grpc';
    expect(told(GRPC, 'no_endpoint')).toEqual([200, 200, '', GRPC, '14', OUTCOME.no_endpoint.text, 'no_endpoint']);
    expect(told('application/grpc+proto', 'response_timeout')).toEqual([200, 200, '', GRPC, '4', expect.any(String), 'response_timeout']);
    expect(told('Application/gRPC; x=y', 'no_route')).toEqual([200, 200, '', GRPC, '12', expect.any(String), 'no_route']);
    expect(told('application/grpc-web+proto', 'no_route')[0]).toBe(404);
    expect(told('application/grpcs', 'no_route')[0]).toBe(404);
  });

  test('has no body for HEAD, and says how long it would be', () => {
    const { exchange, downstream } = makeRouted('HEAD / HTTP/1.1\r\nhost: a.example\r\n\r\n');
    reply(exchange, OUTCOME.no_route);
    const { fields, body } = read(downstream.written);
    expect([fields['content-length'], body]).toEqual([String(OUTCOME.no_route.text.length + 1), '']);
  });

  test('law: the connection is kept only where client, listener and request allow it', () => {
    const heads = fc.constantFrom(
      ['GET / HTTP/1.1\r\nhost: a\r\n\r\n', true],
      ['GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', false],
      ['GET / HTTP/1.0\r\n\r\n', false],
      ['GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n', true],
    ) as fc.Arbitrary<[string, boolean]>;
    fc.assert(
      fc.property(heads, fc.boolean(), fc.boolean(), ([head, wants], mayKeep, requestDone) => {
        const { exchange, state, downstream } = makeRouted(head);
        downstream.mayKeep = mayKeep;
        state.body.done = requestDone;
        reply(exchange, OUTCOME.overload);
        const keeps = wants && mayKeep && requestDone;
        expect(downstream.keeps).toBe(keeps);
        expect(read(downstream.written).fields.connection).toBe(keeps ? (head.includes('1.0') ? 'keep-alive' : undefined) : 'close');
      }),
    );
  });
});

test('a head that cannot be used is refused with its connection', () => {
  const { status, fields, body } = read(refusalText(OUTCOME.header_too_large));
  expect([status, fields.connection, fields['x-sluice-outcome']]).toEqual([431, 'close', 'header_too_large']);
  expect([fields['content-length'], body]).toEqual([String(body.length), `${OUTCOME.header_too_large.text}\n`]);
});

describe('a route that responds by itself', () => {
  function asked(route: Partial<RouteConfig>, line = 'GET /a?b=c', settings = SETTINGS, fields = ''): FakeExchange {
    const exchange = new FakeExchange(`${line} HTTP/1.1\r\nhost: a.example\r\n${fields}\r\n`, settings);
    exchange.state.match = find(makeTable([makeRoute('own', route)]), exchange.state.head)!;
    replyRoute(exchange, exchange.state.match);
    return exchange;
  }
  const respond = (status: number, body = '', headers = {}): Partial<RouteConfig> => ({
    action: { kind: 'respond', respond: { status, body, headers: Object.entries(headers) } },
  });
  const redirect = (redirected: object): Partial<RouteConfig> => ({
    action: {
      kind: 'redirect',
      redirect: { scheme: undefined, host: undefined, port: undefined, path: undefined, status: 302, ...redirected },
    },
  });

  test('with a fixed response, and its length in bytes', () => {
    const { downstream, calls } = asked(respond(200, 'grüße', { 'content-type': 'text/plain' }));
    const { status, fields, body } = read(downstream.written);
    expect([status, fields['content-type'], fields['content-length'], body]).toEqual([200, 'text/plain', '7', 'grüße']);
    expect(calls).toEqual(['endAttempt(replied)', 'finish(replied)']);
  });

  test.each([204, 304])('with %i, which has neither body nor length', (code) => {
    const { fields, body } = read(asked(respond(code, 'none of this')).downstream.written);
    expect([fields['content-length'], body]).toEqual([undefined, '']);
  });

  test('with a response whose fields it changes', () => {
    const responseHeaders = { set: [['x-a', '2']], add: [], remove: ['x-b'] } as const;
    const { fields } = read(asked({ ...respond(200, '', { 'x-a': '1', 'x-b': '1' }), responseHeaders }).downstream.written);
    expect([fields['x-a'], fields['x-b']]).toEqual(['2', undefined]);
  });

  test.each([
    ['an untrusted peer', SETTINGS, 'http'],
    ['a trusted proxy', trusting('192.0.2.0/24'), 'https'],
  ])('with a redirect, whose scheme is as %s says', (_, settings, scheme) => {
    const { downstream } = asked(redirect({ host: 'b.example' }), 'GET /a?b=c', settings, 'x-forwarded-proto: https\r\n');
    const { status, fields, body } = read(downstream.written);
    expect([status, fields.location, body]).toEqual([302, `${scheme}://b.example/a?b=c`, '']);
  });
});
