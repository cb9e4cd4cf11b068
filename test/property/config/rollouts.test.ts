// Whatever a template says: what is printed of it reads back as the same.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';
import { diffConfigs } from '../../../src/config/diff.ts';
import { formatProblem } from '../../../src/config/problem.ts';
import { printConfig } from '../../../src/config/print.ts';

const pause = fc.constantFrom('1m', '90s', '1h');
const onTimeout = fc.constantFrom('hold', 'rollback', 'continue');
const step = fc.oneof(
  fc.record({ smoke: fc.constant([{ path: '/a?b=1', headers: { 'X-A': '1' }, times: 3 }]), onTimeout }),
  fc.record({ mirror: fc.record({ percent: fc.nat(100), for: pause, match: fc.constant({ methods: ['GET'] }), onTimeout }) }),
  fc.record({ mirror: fc.record({ compare: fc.constantFrom({}, { ignore: ['a'], noise: 'off' }), atMost: fc.constant('2h') }) }),
  fc.record({
    weight: fc.double({ min: 1e-9, max: 0.999, noNaN: true }),
    lower: fc.constant(true),
    for: pause,
  }),
  fc.record({ weight: fc.constantFrom('0.001%', '33.3%', '100%'), lower: fc.constant(true), for: pause, ramp: pause, onTimeout }),
  fc.record({ weight: fc.constant('5%'), until: fc.constant('evidence'), lower: fc.constant(true) }),
  fc.record({ approve: optional({ by: fc.constantFrom('operator', 'admin'), notStarter: fc.boolean(), atMost: pause }) }),
);
const check = fc.oneof(
  fc.constantFrom<object[]>(
    { errors: { worseThan: '2.25x', absolute: 'off' } },
    { latency: {}, onFail: 'warn' },
    { clientErrors: { worseThan: '3x' }, critical: true },
    { gaveUp: {} },
    { smallBodies: { worseThan: '2.5x' } },
    { errorRate: { max: '12.5%', over: '1m' } },
    { slow: { p90: '250ms' } },
    { event: { response: { header: 'X-Buy' } }, worseThan: '-0.5%' },
    { value: { event: 'revenue', cap: 99.5 } },
    { prometheus: { address: 'http://127.0.0.1:9090', query: 'up{a="b"}', min: 0 }, onFail: 'rollback' },
    { webhook: { url: 'https://a.test/x?y=1', secret: { file: 'k' }, whenGone: 'rollback' } },
    { alarm: { alertname: 'a b' } },
  ),
);
const rollout = fc.record(
  {
    steps: fc.array(step, { minLength: 1, maxLength: 5 }).map((steps) => [...steps, { watch: { holdback: '1%' } }]),
    checks: fc
      .array(check, { maxLength: 6 })
      .map((checks) => [{ name: 'always', errors: {} }, ...checks.map((each, index) => ({ name: `c${index}`, ...each }))]),
    alpha: fc.constantFrom(0.01, 0.5),
    warmup: fc.constantFrom('0s', '1500ms', '1m30s'),
    onFail: fc.constantFrom('rollback', 'previous', 'hold'),
    hooks: fc.constantFrom<object[][]>([], [{ on: ['start', 'approve', 'end'], url: 'http://a.test/', secret: { env: 'K' }, retries: 0 }]),
    breaker: optional({ failures: fc.nat(9), blockFor: pause }),
    keepWarm: pause,
    windows: fc.array(
      fc.constantFrom<object>({ timezone: 'UTC' }, { days: ['sat-tue', 'thu'], from: '09:30', to: '24:00', timezone: 'Asia/Tokyo' }),
    ),
  },
  { requiredKeys: [] },
);

function optional<T>(keys: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> {
  return fc.record(keys, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;
}

const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,8}$/);
const listeners = [{ name: 'web', address: '127.0.0.1:8080' }];

test('a printed rollout is the same rollout', () => {
  fc.assert(
    fc.property(fc.dictionary(name, rollout, { minKeys: 1, maxKeys: 2 }), (rollouts) => {
      const read = decodeText('/etc/a.yaml', JSON.stringify({ listeners, rollouts }));
      expect(read.problems.map(formatProblem)).toEqual([]);
      const again = decodeText('/etc/b.yaml', printConfig(read.config!));
      expect(again.problems.map(formatProblem)).toEqual([]);
      expect(again.config!.rollouts).toEqual(read.config!.rollouts);
      expect(diffConfigs(read.config!, again.config!)).toEqual([]);
    }),
    { numRuns: 100 },
  );
});
