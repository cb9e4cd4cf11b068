import { describe, expect, test } from 'vitest';
import {
  beginForwarding,
  FORWARDING_FIELDS,
  forwardTrusted,
  forwardUntrusted,
  isForwardingField,
  isRequestId,
  withoutForwardingFields,
} from '../../../src/http/forwarding-fields.ts';
import { IncomingRequest } from '../../../src/http/request.ts';
import { parseRequest } from '../http1/heads.ts';

const request = (...lines: string[]): string => `GET / HTTP/1.1\r\nHost: a.example\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;

describe('fields that only a proxy may write', () => {
  test.each([
    'X-Forwarded-Port: 1',
    'x-forwarded-prefix: /a',
    'x-forwarded-ssl: on',
    'X-FORWARDED-SERVER: s',
    'x-forwarded-client-cert: c',
    'x-real-ip: 192.0.2.1',
    'True-Client-IP: 192.0.2.1',
    'x-forwarded-: 1',
    'X-Sluice-Shadow: dark',
  ])('%s is seen, and taken out on demand', (line) => {
    const { head } = parseRequest(request('accept: */*', line, 'x-other: 1'));
    expect(head.forwardedOther).toBe(true);
    expect(head.block).toContain(line);
    expect(withoutForwardingFields(head.block)).toBe('accept: */*\r\nx-other: 1\r\n');
  });

  test.each(['x-forward-port: 1', 'x-real-ipx: 1', 'true-client: 1', 'x-real-id: 1', 'x-sluice-shadows: 1', 'x-sluice-shadox: 1'])(
    '%s is none',
    (line) => {
      const { head } = parseRequest(request(line));
      expect(head.forwardedOther).toBe(false);
      expect(withoutForwardingFields(head.block)).toBe(head.block);
    },
  );
});

test.each([...FORWARDING_FIELDS, 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-anything'])(
  'the reader of HTTP/1 knows %s, whether it keeps its value or not',
  (name) => {
    const { head } = parseRequest(request(`${name}: 1`));
    expect(isForwardingField(name)).toBe(true);
    expect(head.block === '' || head.forwardedOther).toBe(true);
    expect(withoutForwardingFields(head.block)).toBe('');
    expect(parseRequest(request(`Connection: ${name}`, `${name}: 1`)).head).toMatchObject({ block: head.block, requestId: head.requestId });
  },
);

describe('what the upstream is told', () => {
  const received = (values: Partial<IncomingRequest>): IncomingRequest => Object.assign(new IncomingRequest(), values);
  const told = { forwardedFor: '6.6.6.6', forwardedProto: 'https', forwardedHost: 'shop.example', via: '1.0 fred', requestId: 'r1' };

  test('of an untrusted peer: its address, and nothing that it says but the way', () => {
    const beginning = beginForwarding('192.0.2.7', 'http');
    const fields = 'x-forwarded-for: 192.0.2.7\r\nx-forwarded-proto: http\r\nx-request-id: i1\r\n';
    expect(forwardUntrusted(received({ authority: 'a' }), beginning, 'i1', '1.1 sluice')).toBe(
      `${fields}via: 1.1 sluice\r\nx-forwarded-host: a\r\n`,
    );
    expect(forwardUntrusted(received(told), beginning, 'i1', '1.1 sluice')).toBe(`${fields}via: 1.0 fred, 1.1 sluice\r\n`);
    expect(beginForwarding('', 'https')).toBe('x-forwarded-proto: https\r\nx-request-id: ');
  });

  test('of a trusted peer: what it says, with itself added', () => {
    expect(forwardTrusted(received({ authority: 'a', ...told }), '192.0.2.7', 'i1', '1.1 sluice').split('\r\n')).toEqual([
      'x-forwarded-for: 6.6.6.6, 192.0.2.7',
      'x-forwarded-proto: https',
      'x-forwarded-host: shop.example',
      'x-request-id: i1',
      'via: 1.0 fred, 1.1 sluice',
      '',
    ]);
    expect(forwardTrusted(received({ authority: 'a', scheme: 'https' }), '', 'i1', '1.1 sluice').split('\r\n')).toEqual([
      'x-forwarded-proto: https',
      'x-forwarded-host: a',
      'x-request-id: i1',
      'via: 1.1 sluice',
      '',
    ]);
    expect(forwardTrusted(received({}), '192.0.2.7', 'i1', '1.1 sluice')).not.toContain('x-forwarded-host');
  });

  test('a received request id is kept when it is short and plain', () => {
    expect(['a', 'abc-123', 'x'.repeat(128)].map(isRequestId)).toEqual([true, true, true]);
    expect(['', 'a b', 'x'.repeat(129), 'caf\xe9', 'a\r\nb'].map(isRequestId)).toEqual([false, false, false, false, false]);
  });
});
