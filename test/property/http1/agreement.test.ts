import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareRequest, compareResponse, isLookalike } from './agreement.ts';
import { mutate, mutationArbitrary } from './mutations.ts';
import { RESPONSES, REQUESTS } from './samples.ts';
import { bodyArbitrary, fieldsArbitrary } from './spellings.ts';

const mutations = fc.array(mutationArbitrary, { minLength: 1, maxLength: 4 });

test('Node reads the sound samples as we do', () => {
  for (const text of REQUESTS) expect(compareRequest(text)).toBe('accepted');
  for (const text of RESPONSES) expect(compareResponse(text, 'GET')).toBe('accepted');
  for (const text of RESPONSES) expect(compareResponse(text, 'HEAD')).toBe('accepted');
});

test('every injured request that we accept is the same request to Node', () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(fc.constantFrom(...REQUESTS), mutations, (text, injuries) => {
      const verdict = compareRequest(injuries.reduce(mutate, text));
      seen.set(verdict, (seen.get(verdict) ?? 0) + 1);
    }),
    { numRuns: 10_000 },
  );
  // The injuries are neither all harmless nor all fatal.
  expect(seen.get('accepted')).toBeGreaterThan(1000);
  expect(seen.get('refused')).toBeGreaterThan(1000);
});

test('every injured response that we accept is the same response to Node', () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(fc.constantFrom(...RESPONSES), fc.constantFrom('GET', 'HEAD'), mutations, (text, method, injuries) => {
      const verdict = compareResponse(injuries.reduce(mutate, text), method);
      seen.set(verdict, (seen.get(verdict) ?? 0) + 1);
    }),
    { numRuns: 10_000 },
  );
  expect(seen.get('accepted')).toBeGreaterThan(1000);
  expect(seen.get('refused')).toBeGreaterThan(1000);
});

const minor = fc.constantFrom(0, 1, 1);

test('the fields that frame a message and keep a connection mean the same to Node, however they are spelt', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(fieldsArbitrary, bodyArbitrary, minor, fc.constantFrom('GET', 'POST'), (fields, body, version, method) => {
      seen.add(compareRequest(`${method} / HTTP/1.${version}\r\nHost: a\r\n${fields}\r\n${body}`));
    }),
    { numRuns: 10_000 },
  );
  fc.assert(
    fc.property(fieldsArbitrary, bodyArbitrary, minor, fc.constantFrom(100, 200, 204, 304), (fields, body, version, status) => {
      seen.add(compareResponse(`HTTP/1.${version} ${status} x\r\n${fields}\r\n${body}`, 'GET'));
    }),
    { numRuns: 10_000 },
  );
  expect(seen).toContain('accepted');
  expect(seen).toContain('refused');
});

// Found with seed -480812660: `X-Forwarded_-For` leaves the block, and the model of this test did not know why. The reader was right.
// The line begins with `x-forwarded-` once `_` is read as `-`, as WSGI, CGI and PHP do when they make names of variables of it, so that
// it may reach an application as a field that only a proxy may write. What the reader did not do was to drop names that have the `_`
// further on (`X-Forwarded-Client_Cert`): behind a trusted proxy that knows only the dash such a line was passed on. Now it goes, too.
test('the seed that found a name between two forwarding fields', () => {
  fc.assert(
    fc.property(fc.constantFrom(...REQUESTS), mutations, (text, injuries) => void compareRequest(injuries.reduce(mutate, text))),
    { numRuns: 10_000, seed: -480812660 },
  );
});

test.each([
  ...[
    'X-Forwarded_-For',
    'X-Forwarded_For',
    'X_Forwarded-For',
    'x_forwarded_for',
    'X-Forwarded-Client_Cert',
    'X-Forwarded-_',
    'X_Forwarded_',
  ],
  ...['x_real-ip', 'X-Real_IP', 'true_client-ip', 'True-Client_IP', 'x_request_id', 'X-Sluice_Shadow', 'x_sluice-shadow'],
  ...['content_length', 'Transfer_Encoding', 'keep_alive', 'Proxy_Connection'],
])('%s does not pass as the field that it looks like', (name) => {
  expect(isLookalike(name.toLowerCase())).toBe(true);
  expect(compareRequest(`GET / HTTP/1.1\r\nHost: a\r\n${name}: 5\r\n\r\n`)).toBe('accepted');
});

const guarded = fc.constantFrom(
  ...['content-length', 'transfer-encoding', 'keep-alive', 'proxy-connection', 'x-request-id', 'x-real-ip', 'true-client-ip'],
  ...['x-sluice-shadow', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-client-cert', 'x-forwarded-a-b-c'],
);

test('no spelling with underscores and capitals passes', () => {
  fc.assert(
    fc.property(guarded, fc.infiniteStream(fc.boolean()), fc.infiniteStream(fc.boolean()), (name, dashes, capitals) => {
      const spelt = [...name].map((letter) => (letter === '-' && dashes.next().value ? '_' : letter));
      const text = spelt.map((letter) => (capitals.next().value ? letter.toUpperCase() : letter)).join('');
      // With dashes alone it is the field itself, which has tests of its own.
      if (!text.includes('_')) return;
      expect(compareRequest(`GET / HTTP/1.1\r\nHost: a\r\nConnection: ${text}, x\r\n${text}: chunked\r\nX-Kept: 1\r\n\r\n`)).toBe(
        'accepted',
      );
    }),
    { numRuns: 3_000 },
  );
});
