import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RedirectConfig } from '../../../src/config/model.ts';
import { redirectLocation } from '../../../src/routing/redirect.ts';
import { find, makeMatch, makeRequest, makeRoute, makeTable, prefix } from './make-table.ts';

const NOTHING: RedirectConfig = { scheme: undefined, host: undefined, port: undefined, path: undefined, status: 302 };

function location(redirect: Partial<RedirectConfig>, line: string, scheme: 'http' | 'https' = 'http', matched = '/'): string {
  const request = makeRequest(line);
  const full = { ...NOTHING, ...redirect };
  const table = makeTable([makeRoute('r', { match: [makeMatch(prefix(matched))], action: { kind: 'redirect', redirect: full } })]);
  const match = find(table, request)!;
  return redirectLocation(match.route.redirect!, request, match, scheme);
}

describe('redirectLocation', () => {
  it.each([
    ['host', { host: 'example.org' }, 'GET a.com/x', 'http://example.org/x'],
    ['keeps the query', { host: 'example.org' }, 'GET a.com/x?a=1&b', 'http://example.org/x?a=1&b'],
    ['port', { port: 8083 }, 'GET a.com/x', 'http://a.com:8083/x'],
    ['port of the request stays', { host: 'b.com' }, 'GET a.com:8080/x', 'http://b.com:8080/x'],
    ['scheme resets the port', { scheme: 'https' as const }, 'GET a.com:8080/x', 'https://a.com/x'],
    ['same scheme named resets it as well', { scheme: 'http' as const }, 'GET a.com:8080/x', 'http://a.com/x'],
    ['scheme and port', { scheme: 'https' as const, port: 8443 }, 'GET a.com/x', 'https://a.com:8443/x'],
    ['default port is left out', { scheme: 'https' as const, port: 443 }, 'GET a.com/x', 'https://a.com/x'],
    ['other default port is kept', { scheme: 'https' as const, port: 80 }, 'GET a.com/x', 'https://a.com:80/x'],
    ['default port of http', { port: 80 }, 'GET a.com:8080/x', 'http://a.com/x'],
    ['IPv6', { scheme: 'https' as const }, 'GET [::1]:80/x', 'https://[::1]/x'],
    ['full path', { path: { kind: 'full' as const, value: '/new' } }, 'GET a.com/x/y?q', 'http://a.com/new?q'],
  ])('%s', (_, redirect, line, expected) => {
    expect(location(redirect, line)).toBe(expected);
  });

  it('replaces the prefix and keeps the rest', () => {
    expect(location({ path: { kind: 'prefix', value: '/new' } }, 'GET a.com/old/x?q=1', 'https', '/old')).toBe('https://a.com/new/x?q=1');
  });

  it.each([
    ['GET a.com//evil.com/x', 'http://a.com/evil.com/x'],
    ['GET //evil.com/x', '/evil.com/x'],
    ['GET /\\evil.com', '/evil.com'],
    ['GET /x', '/x'],
  ])('never leads elsewhere: %s', (line, expected) => {
    const request = line.startsWith('GET /') ? { ...makeRequest('GET a/'), authority: '', path: line.slice(4) } : makeRequest(line);
    const table = makeTable([makeRoute('r', { action: { kind: 'redirect', redirect: NOTHING } })]);
    expect(redirectLocation(NOTHING, request, find(table, request)!, 'http')).toBe(expected);
  });

  it('holds printable ASCII alone and one host, whatever the request holds', () => {
    const table = makeTable([makeRoute('r', { action: { kind: 'redirect', redirect: NOTHING } })]);
    const anything = fc.array(fc.nat(0xff), { maxLength: 20 }).map((codes) => String.fromCharCode(...codes));
    const text = fc.oneof(anything, fc.constantFrom('a\r\nset-cookie: x=1', '@evil.com', 'evil.com/', '\\\\evil', 'a b'));
    fc.assert(
      fc.property(text, text, text, (path, query, authority) => {
        const request = { method: 'GET', path: `/${path}`, query, authority, block: '' };
        const made = redirectLocation(NOTHING, request, find(table, request)!, 'http');
        expect(made).toMatch(/^(?:http:\/\/[a-z0-9:._~%[\]-]+)?\/(?![/\\])[\x21-\x7e]*$/);
      }),
      { numRuns: 300 },
    );
  });
});
