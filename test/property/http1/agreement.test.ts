import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareRequest, compareResponse } from './agreement.ts';
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
