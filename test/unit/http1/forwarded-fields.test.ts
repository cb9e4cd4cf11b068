import { describe, expect, test } from 'vitest';
import { withoutForwardedFields } from '../../../src/http1/forwarded-fields.ts';
import { parseRequest } from './heads.ts';

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
    expect(withoutForwardedFields(head.block)).toBe('accept: */*\r\nx-other: 1\r\n');
  });

  test.each([
    'x-forwarded: 1',
    'x-forward-port: 1',
    'x-real-ipx: 1',
    'true-client: 1',
    'x-real-id: 1',
    'x-sluice-shadows: 1',
    'x-sluice-shadox: 1',
  ])('%s is none', (line) => {
    const { head } = parseRequest(request(line));
    expect(head.forwardedOther).toBe(false);
    expect(withoutForwardedFields(head.block)).toBe(head.block);
  });
});
