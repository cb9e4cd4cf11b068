// Bodies and targets of admin calls: whatever comes, the response is whole and below 500.

import assert from 'node:assert/strict';
import { closeAdmins, openAdmin } from '../../unit/admin/open-admin.ts';
import { injure } from '../injure.ts';
import { choose } from '../target.ts';
import type { Target } from '../target.ts';

const CALLS = [
  'PUT /v1/pools/shop/split\n{"weights":{"v1":90,"v2":10},"reason":"more"}',
  'PUT /v1/pools/shop/overrides/qa\n{"header":{"name":"x-qa","value":"1"},"version":"v2"}',
  'PUT /v1/pools/shop/mirrors/dark\n{"version":"v2","percent":10}',
  'POST /v1/explain\n{"method":"GET","url":"http://a/","headers":{"x":"y"}}',
  'POST /v1/pools/shop/versions/v1/drain\n{"timeout":"30s"}',
  'POST /v1/revisions/1/restore\n{"reason":"back"}',
  'PUT /v1/config?dryRun=true\n{"routes":[]}',
  'GET /v1/journal?after=1&limit=10\n',
  'GET /v1/exchanges?pool=shop\n',
];
const FRAGMENTS = [
  ...[
    '{',
    '}',
    '[',
    ']',
    '"',
    ':',
    ',',
    '{"a":',
    '[[[[',
    '\\u0000',
    '\\ud800',
    '1e999',
    '-0',
    'null',
    'true',
    '""',
    '"__proto__":{}',
    '"constructor":1',
  ],
  ...['%00', '%2e%2e', '%ff', '/', '//', '?', '&', '=', '#', ' ', 'dryRun=', 'limit=-1', '\t', '\xff', '\0'],
];

export async function openAdminTarget(): Promise<Target> {
  const { ask, errors } = await openAdmin({ config: { tokens: [], limits: { writesPerSecond: 1_000_000 } } });
  return {
    name: 'admin',
    make: (chance) => injure(chance, choose(chance, CALLS), FRAGMENTS),
    async run(input) {
      const end = input.indexOf('\n');
      const [method = '', path = ''] = input.slice(0, end).split(' ');
      // What Node's client does not send is not what this looks for.
      if (!/^[A-Z]+$/.test(method) || method === 'CONNECT' || !/^\/[\x21-\x7e]*$/.test(path)) return;
      const headers = { 'content-type': path.startsWith('/v1/config') ? 'application/yaml' : 'application/json', connection: 'close' };
      const body = Buffer.from(input.slice(end + 1), 'latin1');
      const { status } = await ask(path, { method, headers, body: body.length > 0 ? body : undefined });
      assert.ok(status >= 200 && status < 500, `the response is ${status}`);
      assert.deepEqual(errors, []);
    },
    close: closeAdmins,
  };
}
