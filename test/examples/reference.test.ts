// The page of all config keys says what the schema says.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PAGE, configPage, typeOf } from '../../docs/reference/config-page.ts';
import { jsonSchema } from '../../src/config/schema/root.ts';

test('the page is what the schema gives: run `npm run docs:reference`', async () => {
  expect(readFileSync(PAGE, 'utf8')).toBe(await configPage());
});

test('another schema gives another page', async () => {
  const changed = JSON.parse(JSON.stringify(jsonSchema()).replace('"Largest request head."', '"Changed."')) as object;
  expect(await configPage(changed)).not.toBe(await configPage());
});

test.each([
  [{ type: 'integer', minimum: 1, maximum: 9 }, 'whole number, 1 to 9'],
  [{ type: 'number', exclusiveMinimum: 0, maximum: 1 }, 'number, above 0, at most 1'],
  [{ type: 'array', minItems: 1, items: { enum: ['a', 'b'] } }, 'list of `a`, `b`, at least 1 item'],
  [{ type: 'object', additionalProperties: { type: 'boolean' } }, 'map from name to `true`, `false`'],
  [{ anyOf: [{ const: 'off' }, { type: 'object', properties: {} }] }, '`off` or map'],
])('%j', (node, type) => expect(typeOf(node)).toBe(type));

test('durations, sizes and what is required', async () => {
  const page = (await configPage()).split('\n').map((line) => line.replaceAll(/ +/g, ' '));
  expect(page).toContain('| `listeners[].limits.headerBytes` | size, at least 256B, at most 1MiB | `16KiB` | Largest request head. |');
  expect(page).toContain(
    '| `listeners[].limits.headerTimeout` | duration, at least 1ms | `10s` | Until a request head is complete; or a PROXY header; or, with passthrough.sni, the first message of TLS. |',
  );
  expect(page.find((line) => line.startsWith('| `listeners[].address`'))).toContain('| required |');
  expect(page.find((line) => line.startsWith('| `admin.files`'))).toContain('| list of text |');
});
