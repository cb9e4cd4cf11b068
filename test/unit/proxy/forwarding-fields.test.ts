import { describe, expect, test } from 'vitest';
import { forwardingFields, isTrusted } from '../../../src/proxy/forwarding-fields.ts';
import { FakeExchange, SETTINGS, trusting } from './fakes.ts';

const said = [
  ...['x-forwarded-for: 203.0.113.9', 'x-forwarded-proto: https', 'x-forwarded-host: public.example'],
  ...['x-request-id: theirs', 'via: 1.1 edge'],
];

function fieldsOf(settings = SETTINGS, fields: readonly string[] = said, line = 'GET / HTTP/1.1', peer = '192.0.2.7') {
  const exchange = new FakeExchange([line, 'host: a.example', ...fields, '', ''].join('\r\n'), settings);
  exchange.downstream.peer = peer;
  const text = forwardingFields(exchange.state, exchange.context);
  const lines = text.split('\r\n');
  expect(lines.pop()).toBe('');
  return { exchange, lines, fields: Object.fromEntries(lines.map((each) => each.split(': ') as [string, string])) };
}

describe('of an untrusted peer', () => {
  test('nothing that it says about itself is passed on, but the way it came', () => {
    const { fields, exchange } = fieldsOf();
    expect(fields).toEqual({
      ...{ 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'a.example' },
      ...{ 'x-request-id': 'id-1', via: '1.1 edge, 1.1 sluice' },
    });
    expect([exchange.state.requestId, isTrusted(exchange.state)]).toEqual(['id-1', false]);
  });

  test('Via says by which protocol it came', () => {
    const { exchange } = fieldsOf();
    exchange.downstream.isHttp2 = true;
    expect(forwardingFields(exchange.state, exchange.context)).toContain('\r\nvia: 1.1 edge, 2 sluice\r\n');
  });

  test('what is the same for each of its requests is made once', () => {
    const { exchange, lines } = fieldsOf();
    const kept = exchange.downstream.forwarded;
    exchange.fakeContext.newRequestId = () => 'id-2';
    const again = forwardingFields(exchange.state, exchange.context);
    expect(exchange.downstream.forwarded).toBe(kept);
    expect(again).toBe(lines.join('\r\n').replace('id-1', 'id-2') + '\r\n');
  });

  test('on a Unix socket has no address', () => {
    expect(fieldsOf(SETTINGS, [], undefined, '').fields['x-forwarded-for']).toBeUndefined();
  });

  test('without a host names none', () => {
    const exchange = new FakeExchange('GET / HTTP/1.0\r\n\r\n');
    expect(forwardingFields(exchange.state, exchange.context)).not.toContain('x-forwarded-host');
  });
});

describe('of a trusted proxy', () => {
  const trusted = trusting('192.0.2.0/24');

  test('what it says is taken, with itself added', () => {
    const { fields, exchange } = fieldsOf(trusted);
    expect(fields).toEqual({
      ...{ 'x-forwarded-for': '203.0.113.9, 192.0.2.7', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'public.example' },
      ...{ 'x-request-id': 'theirs', via: '1.1 edge, 1.1 sluice' },
    });
    expect([exchange.state.requestId, isTrusted(exchange.state)]).toEqual(['theirs', true]);
  });

  test('what it does not say is as for any other', () => {
    expect(fieldsOf(trusted, []).fields).toEqual({
      ...{ 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'a.example' },
      ...{ 'x-request-id': 'id-1', via: '1.1 sluice' },
    });
  });

  test.each(['a b', 'x'.repeat(129), 'caf\xe9'])('a request id that is long or strange is replaced: %j', (id) => {
    expect(fieldsOf(trusted, [`x-request-id: ${id}`]).fields['x-request-id']).toBe('id-1');
  });
});
