import { describe, expect, test } from 'vitest';
import { decodeFiles, decodeText } from '../../../src/config/decode.ts';
import type { RolloutTemplate } from '../../../src/config/rollout-model.ts';
import { formatProblem } from '../../../src/config/problem.ts';
import { printConfig } from '../../../src/config/print.ts';
import { SHIPPED, allTemplates, findTemplate } from '../../../src/config/shipped-rollouts.ts';

const BASE = {
  listeners: [{ name: 'web', address: '127.0.0.1:8080' }],
  pools: {
    shop: {
      versions: { v1: { endpoints: ['127.0.0.1:9001'] }, v2: { endpoints: ['127.0.0.1:9002'] } },
      split: { v1: 100, v2: 0 },
      mirrors: [{ name: 'dark', version: 'v2', compare: {} }],
    },
  },
  routes: [{ name: 'thanks', pool: 'shop' }],
};

const DESIGN = `
rollouts:
  careful:
    strategy: canary
    steps:
      - smoke: [{ path: /healthz, expect: { status: [200] } }, { path: "/cart?a=1", times: 5 }]
      - mirror: { percent: 10, compare: {}, until: verdict, atMost: 10m }
      - cohort: { name: staff, header: { name: x-staff, value: "yes" }, for: 5m }
      - weight: 1%
        until: evidence
        atMost: 15m
      - weight: 0.1
        for: 5m
      - approve: { by: operator, notStarter: true, atMost: 1d }
      - weight: 100%
      - watch: { for: 10m, holdback: 1% }
    checks:
      - { name: errors, errors: { worseThan: 1.5x }, critical: true }
      - { name: slow, latency: { worseThan: 1.3x }, critical: true }
      - { name: guard, errorRate: { max: 5%, over: 30s } }
      - { name: tail, slow: { p99: 1s } }
      - { name: conversion, event: { response: { header: X-Purchase } }, worseThan: -5% }
      - { name: thanks, event: { route: thanks } }
      - { name: told, event: { told: signup } }
      - { name: revenue, value: { event: revenue, cap: 500 }, worseThan: -2% }
      - { name: left, gaveUp: {} }
      - { name: statuses, clientErrors: { worseThan: 2x }, onFail: warn }
      - { name: moved, redirects: { worseThan: 3x } }
      - { name: nothing, emptyBodies: {} }
      - { name: cpu, prometheus: { address: "http://127.0.0.1:9090/", query: up, max: 0.9, for: 1m }, onFail: hold }
      - { name: ours, webhook: { url: "http://127.0.0.1:1/x", secret: { file: k.txt } } }
      - { name: pager, alarm: { alertname: ShopDown } }
      - { name: shadow, comparison: { mirror: dark } }
    alpha: 0.05
    warmup: 30s
    onFail: rollback
    hooks: [{ on: [start, step], url: "http://127.0.0.1:1/hook", secret: { env: HOOK_KEY }, timeout: 10s, retries: 2 }]
    breaker: { failures: 3, blockFor: 1h }
`;

function decode(rollouts: unknown): ReturnType<typeof decodeText> {
  return decodeText('a.yaml', JSON.stringify({ ...BASE, rollouts }));
}

function read(template: object): RolloutTemplate {
  const { config, problems } = decode({ r: template });
  expect(problems.map(formatProblem)).toEqual([]);
  return config!.rollouts[0]!;
}

function faults(template: object): readonly string[] {
  return decode({ r: template }).problems.map(({ message }) => message);
}

function noticed(template: object): readonly string[] {
  const { problems, notices } = decode({ r: template });
  expect(problems).toEqual([]);
  return notices.map(({ message }) => message);
}

describe('the grammar', () => {
  const written = `${JSON.stringify(BASE).slice(0, -1)}, "x-a": 1}`;
  const text = DESIGN.replace('rollouts:\n', '');

  test('the whole of it is read', () => {
    const { config, problems } = decodeText('/etc/a.yaml', wholeText(written, text));
    expect(problems.map(formatProblem)).toEqual([]);
    const [careful] = config!.rollouts;
    expect(careful?.steps.map(({ kind }) => kind)).toEqual(['smoke', 'mirror', 'cohort', 'weight', 'weight', 'approve', 'weight', 'watch']);
    expect(careful?.steps[3]).toEqual({
      kind: 'weight',
      share: 0.01,
      forMs: 0,
      rampMs: 0,
      until: 'evidence',
      atMostMs: 900_000,
      onTimeout: 'hold',
    });
    expect(careful?.checks.map(({ name, critical, onFail }) => `${name} ${critical} ${onFail}`)).toEqual([
      'errors true rollback',
      'slow true rollback',
      'guard true rollback',
      'tail true rollback',
      'conversion false hold',
      'thanks false hold',
      'told false hold',
      'revenue false warn',
      'left false warn',
      'statuses false warn',
      'moved false hold',
      'nothing false hold',
      'cpu false hold',
      'ours false hold',
      'pager true rollback',
      'shadow false hold',
    ]);
    expect(careful?.checks[13]).toMatchObject({ secret: { kind: 'file', name: '/etc/k.txt' } });
    expect(careful?.checks[4]).toMatchObject({ source: { kind: 'response-header', name: 'x-purchase' }, worseThan: 0.05 });
    expect(careful?.hooks[0]).toEqual({
      on: ['start', 'step'],
      url: 'http://127.0.0.1:1/hook',
      secret: { kind: 'env', name: 'HOOK_KEY' },
      timeoutMs: 10_000,
      retries: 2,
      required: true,
    });
  });

  test('what is printed reads back as the same', () => {
    const first = decodeText('/etc/a.yaml', wholeText(written, text)).config!;
    const again = decodeText('/etc/a.yaml', printConfig(first));
    expect(again.problems.map(formatProblem)).toEqual([]);
    expect(again.config!.rollouts).toEqual(first.rollouts);
  });

  test('much smaller bodies hold unless it is said otherwise', () => {
    const checks = [
      { name: 'errors', errors: {} },
      { name: 'a', smallBodies: {} },
      { name: 'b', smallBodies: { worseThan: '3x' }, onFail: 'rollback' },
    ];
    expect(read({ checks }).checks.slice(1)).toEqual([
      { name: 'a', critical: false, onFail: 'hold', kind: 'small-bodies', ratio: 1.5 },
      { name: 'b', critical: false, onFail: 'rollback', kind: 'small-bodies', ratio: 3 },
    ]);
  });

  test('a template that says nothing is a canary by evidence', () => {
    const { strategy, steps, checks, ...rest } = read({});
    expect([strategy, rest]).toEqual([
      'canary',
      {
        name: 'r',
        alpha: 0.05,
        warmupMs: 30_000,
        onFail: 'rollback',
        hooks: [],
        breaker: { failures: 3, blockForMs: 3_600_000 },
        keepWarmMs: 0,
        windows: [],
      },
    ]);
    expect(steps).toEqual(findTemplate({ rollouts: [] }, 'canary')?.steps);
    expect(checks.map(({ name }) => name)).toEqual(['errors', 'latency', 'error-rate']);
  });

  test('a config without rollouts prints none', () => {
    expect(printConfig(decodeText('a.yaml', JSON.stringify(BASE)).config!)).not.toContain('rollouts');
  });
});

describe('shipped templates', () => {
  test.each(SHIPPED.map((template) => [template.name, template] as const))('%s can be written out', (_, template) => {
    const config = decodeText('a.yaml', JSON.stringify(BASE)).config!;
    const { config: again, problems, notices } = decodeText('a.yaml', printConfig({ ...config, rollouts: [template] }));
    expect([...problems, ...notices].map(formatProblem)).toEqual([]);
    expect(again!.rollouts).toEqual([template]);
  });

  test('a written one of the same name wins', () => {
    const { config } = decode({ 'blue-green': { steps: [{ weight: '100%' }] } });
    expect(findTemplate(config!, 'blue-green')?.steps).toHaveLength(1);
    expect(allTemplates(config!).map(({ name }) => name)).toEqual(['blue-green', 'canary', 'canary-5m', 'canary-15m']);
    expect(findTemplate(config!, 'nobody')).toBeUndefined();
  });
});

describe('steps', () => {
  test.each([
    ['a bare 1 is not clear', [{ weight: 1 }], 'write 1%'],
    ['a bare 50', [{ weight: 50 }], 'write 50%'],
    ['zero', [{ weight: '0%' }], 'above 0%'],
    ['above all', [{ weight: '101%' }], 'at most 100%'],
    ['no kind', [{ for: '5m' }], 'exactly one of smoke, mirror'],
    ['two kinds', [{ weight: '5%', approve: {} }], 'got weight and approve'],
    ['none at all', [], 'at least one step'],
    ['a weight that goes down', [{ weight: '10%' }, { approve: {} }, { weight: '5%' }], 'goes down from 10% to 5%: write lower: true'],
    ['evidence at 100%', [{ weight: '100%', until: 'evidence' }], 'holdback: 1%'],
    ['a limit below the time', [{ weight: '5%', for: '5m', atMost: '1m' }], 'atMost (1m) is shorter than for (5m)'],
    ['a limit of a mirror below the time', [{ mirror: { for: '5m', atMost: '1m' } }], 'atMost (1m) is shorter than for (5m)'],
    ['something after the watch', [{ watch: {} }, { weight: '100%' }], 'watch is the last step'],
    ['for beside approve', [{ approve: {}, atMost: '1h' }], 'write it within approve'],
    ['until beside smoke', [{ smoke: [{ path: '/' }], until: 'evidence' }], 'only a weight has until'],
    ['a verdict without a comparison', [{ mirror: { until: 'verdict' } }], 'needs compare: {}'],
    ['a mirror without an end', [{ mirror: {} }], 'a mirror needs for, or compare'],
    ['a winner without an event', [{ weight: '50%', for: '7d', until: 'winner' }], 'needs a check of an event or a value'],
    ['a cohort without a field', [{ cohort: { name: 'staff' } }], 'a cohort needs exactly one of header, cookie or query'],
    ['a smoke path', [{ smoke: [{ path: 'x' }] }], 'path must start with "/"'],
    ['framing', [{ smoke: [{ path: '/', headers: { 'Content-Length': '3' } }] }], 'content-length belongs to the framing'],
    ['a cohort by what nobody sees', [{ cohort: { name: 'a', header: { name: 'via', value: 'x' } } }], 'via belongs to the proxy'],
    ['two cohorts of one name', [cohort('a'), cohort('a')], 'name "a" is already taken'],
    ['too many', Array.from({ length: 33 }, () => ({ weight: '5%' })), 'at most 32 steps, got 33'],
    ['a holdback of half', [{ watch: { holdback: '50%' } }], 'below 50%'],
    ['replacing beside weights', [{ weight: '5%' }, { replace: {} }], 'weight does not stand beside replace'],
  ])('%s', (_, steps, message) => {
    expect(faults({ steps }).join('\n')).toContain(message);
  });

  test('a weight may go down where it says so', () => {
    const steps = [{ weight: '10%' }, { weight: '5%', lower: true }, { weight: '5%' }];
    expect(read({ steps }).steps).toHaveLength(3);
  });

  test('shares are as fine as a thousandth of a percent', () => {
    expect(read({ steps: [{ weight: '0.001%' }] }).steps[0]).toMatchObject({ share: 0.00001 });
  });

  test('evidence needs a check that is critical', () => {
    const steps = [{ weight: '5%', until: 'evidence' }];
    expect(faults({ steps, checks: [{ name: 'e', errors: {}, critical: false }] }).join()).toContain('needs a critical check');
  });

  test('values of users come from a field of the response or are told, and are few', () => {
    const value = (more: object, at = 0) => ({ name: `c${at}`, value: { cap: 500, ...more }, worseThan: '-5%' });
    const sourceOf = (more: object) => (read({ checks: [{ name: 'e', errors: {} }, value(more)] }).checks[1] as { source?: object }).source;
    expect(sourceOf({ event: 'revenue' })).toEqual({ kind: 'told', event: 'revenue' });
    expect(sourceOf({ response: { header: 'X-Revenue' } })).toEqual({ kind: 'response-header', name: 'x-revenue' });
    expect(faults({ checks: [value({})] }).join()).toContain('event');
    expect(faults({ checks: [{ name: 'e', errors: {} }, value({ event: 'a', response: { header: 'b' } })] })).toHaveLength(1);
    expect(faults({ checks: [0, 1, 2, 3, 4].map((at) => value({ event: 'a' }, at)) }).join()).toContain('at most 4 checks of values');
  });

  test('an A/B test below a week is noticed', () => {
    const checks = [
      { name: 'errors', errors: {} },
      { name: 'buys', event: { told: 'buy' } },
    ];
    expect(noticed({ strategy: 'ab-test', checks })).toEqual([]);
    expect(noticed({ checks, steps: [{ weight: '50%', for: '2d', until: 'winner' }] }).join()).toContain('less than a week');
  });

  test('what replaces endpoints needs a hook, and compares nothing', () => {
    expect(faults({ strategy: 'rolling' }).join()).toContain('replace needs a hook that replaces an endpoint');
    const hooks = [{ on: ['endpoint'], url: 'http://127.0.0.1:1/' }];
    expect(read({ strategy: 'rolling', hooks }).checks.map(({ name }) => name)).toEqual(['error-rate']);
    expect(faults({ strategy: 'recreate', hooks, checks: [{ name: 'e', errors: {} }] }).join()).toContain('"e" compares with a baseline');
    expect(faults({ hooks, steps: [{ replace: { batch: '50%', maxUnavailable: '25%' } }] }).join()).toContain('batch (50%)');
  });
});

describe('checks', () => {
  test.each([
    ['no kind', { name: 'a' }, 'exactly one of errors, latency'],
    ['two kinds', { name: 'a', errors: {}, latency: {} }, 'got errors and latency'],
    ['a ratio without x', { name: 'a', errors: { worseThan: 1.5 } }, 'must look like 1.5x'],
    ['a ratio of 1', { name: 'a', latency: { worseThan: '1x' } }, 'above 1x'],
    ['a bound beside', { name: 'a', errors: {}, worseThan: '-5%' }, 'write errors: { worseThan: 1.5x }'],
    ['more conversions', { name: 'a', event: { told: 'buy' }, worseThan: '5%' }, '(write -5%)'],
    ['critical that only warns', { name: 'a', errors: {}, critical: true, onFail: 'warn' }, 'does not only warn'],
    ['no quantile', { name: 'a', slow: {} }, 'exactly one of p50, p90 or p99'],
    ['no bound', { name: 'a', prometheus: { address: 'http://a:1', query: 'up' } }, 'max or min'],
    ['bounds that nothing fits', { name: 'a', prometheus: { address: 'http://a:1', query: 'up', min: 2, max: 1 } }, 'min (2)'],
    ['an address of a file', { name: 'a', webhook: { url: 'file:///etc/passwd' } }, 'must look like http'],
    ['a password in an address', { name: 'a', webhook: { url: 'http://u:p@a/' } }, 'no name and password'],
    ['an unknown mirror', { name: 'a', comparison: { mirror: 'drak' } }, 'did you mean "dark"'],
    ['an unknown route', { name: 'a', event: { route: 'thank' } }, 'did you mean "thanks"'],
    ['an unknown key', { name: 'a', errors: { worse: 1 } }, 'unknown key'],
    ['a share of nothing', { name: 'a', errorRate: { max: 0 } }, 'above 0%'],
    ['two sources', { name: 'a', event: { told: 'a', route: 'thanks' } }, 'exactly one of response, route or told'],
  ])('%s', (_, check, message) => {
    expect(faults({ checks: [check] }).join('\n')).toContain(message);
  });

  test('names are unique', () => {
    const checks = [1, 2].map(() => ({ name: 'a', errors: {} }));
    expect(faults({ checks }).join()).toContain('name "a" is already taken');
  });

  test('latencies are compared by one ratio, which the workers count by', () => {
    const latency = (name: string, worseThan: string) => ({ name, latency: { worseThan } });
    const problems = faults({
      checks: [latency('mild', '2x'), { name: 'e', errors: {} }, latency('same', '2x'), latency('strict', '1.1x')],
    });
    expect(problems.join()).toMatch(/checks\[3\]\.latency: "mild" compares latencies by 2x/);
    expect(problems).toHaveLength(1);
  });

  test('there are bounds', () => {
    const checks = Array.from({ length: 17 }, (_, index) => ({ name: `c${index}`, errors: {} }));
    expect(faults({ checks }).join()).toContain('at most 16 checks, got 17');
    const events = Array.from({ length: 9 }, (_, index) => ({ name: `c${index}`, event: { told: 'a' } }));
    expect(faults({ checks: events }).join()).toContain('at most 8 checks of events');
    const hooks = Array.from({ length: 9 }, () => ({ on: ['end'], url: 'http://a/' }));
    expect(faults({ hooks }).join()).toContain('at most 8 hooks');
  });

  test('steps that are over before the warmup are noticed: nothing is compared in them', () => {
    const places = (template: object) => {
      const { problems, notices } = decode({ r: template });
      expect(problems).toEqual([]);
      return notices
        .filter(({ message }) => message.includes('warmup'))
        .map(({ path }) => path.replace(/^rollouts\.r\.steps\[(\d)\]/, '$1'));
    };
    const weight = (percent: number, time: string, more: object = {}) => ({ weight: `${percent}%`, for: time, ...more });
    // The default is 30 s, from the first weight on.
    expect(places({ steps: [weight(1, '10s'), weight(10, '15s'), weight(50, '10s'), { weight: '100%' }] })).toEqual(['0.for', '1.for']);
    expect(places({ steps: [weight(1, '10s'), weight(10, '20s')], warmup: '9s' })).toEqual([]);
    expect(places({ steps: [weight(1, '30s')] })).toEqual(['0.for']);
    expect(places({ steps: [weight(1, '1s', { ramp: '31s' })] })).toEqual([]);
    expect(places({ steps: [weight(1, '0s', { until: 'evidence', atMost: '20s' }), weight(5, '1s')] })).toEqual(['0.atMost']);
    expect(places({ steps: [{ approve: {} }, weight(1, '5s'), { approve: {} }, weight(5, '5s')] })).toEqual(['1.for']);
    expect(places({ steps: [{ weight: '100%' }, { watch: { for: '20s', holdback: '1%' } }] })).toEqual(['1.watch.for']);
    expect(places({ steps: [{ weight: '100%' }, { watch: { for: '20s' } }] })).toEqual([]);
    expect(places({ steps: [weight(1, '10s')], warmup: '0s' })).toEqual([]);
    expect(places({ steps: [weight(1, '10s')], checks: [{ name: 'e', errorRate: {} }] })).toEqual([]);
    for (const name of ['canary', 'blue-green', 'ab-test'])
      expect(
        places({
          strategy: name,
          ...(name === 'ab-test' && {
            checks: [
              { name: 'e', errors: {} },
              { name: 'b', event: { told: 'b' } },
            ],
          }),
        }),
      ).toEqual([]);
  });

  test('failed requests that nobody looks at are noticed', () => {
    expect(noticed({ steps: [{ weight: '5%', for: '1m' }], checks: [{ name: 'l', latency: {} }] }).join()).toContain('no check looks at');
  });

  test('a failed check does what the rollout says, or what it says itself', () => {
    const checks = [
      { name: 'a', errors: {} },
      { name: 'b', latency: {}, onFail: 'hold' },
      { name: 'c', latency: {}, onFail: 'warn' },
      { name: 'd', clientErrors: {}, critical: true },
    ];
    expect(read({ onFail: 'previous', checks }).checks.map(({ critical, onFail }) => [critical, onFail])).toEqual([
      [true, 'previous'],
      [true, 'hold'],
      [false, 'warn'],
      [true, 'previous'],
    ]);
  });
});

test('rollouts of several files stand side by side; one name in two of them is a Problem', () => {
  const base = { file: 'a.yaml', text: JSON.stringify({ ...BASE, rollouts: { a: {} } }) };
  const { config } = decodeFiles([base, { file: 'b.yaml', text: JSON.stringify({ rollouts: { b: { alpha: 0.1 } } }) }]);
  expect(config!.rollouts.map(({ name }) => name)).toEqual(['a', 'b']);
  const { problems } = decodeFiles([base, { file: 'b.yaml', text: '{"rollouts": {"a": {}, "c": {"alpha": 0}}}' }]);
  expect(problems.map(formatProblem)).toEqual([
    'b.yaml:1:15: rollout "a" is already defined at a.yaml:1:' + String(base.text.indexOf('"a":') + 1),
    'b.yaml:1:39: rollouts.c.alpha: alpha must be a number from 0.000001 to 0.5, got 0',
  ]);
});

function cohort(name: string): object {
  return { cohort: { name, query: { name: 'staff', value: 'yes' } } };
}

function wholeText(written: string, rollouts: string): string {
  const top = JSON.parse(written) as Record<string, unknown>;
  const lines = Object.entries(top).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  return `${lines.join('\n')}\nrollouts:\n${rollouts}`;
}

describe('windows', () => {
  const OFFICE = { days: ['mon-fri'], from: '09:00', to: '16:00', timezone: 'Europe/Berlin' };
  const read7 = (days: readonly string[]) => read({ windows: [{ ...OFFICE, days }] }).windows[0]!.days;

  test('are read', () => {
    expect(read({ windows: [OFFICE] }).windows).toEqual([
      { days: [1, 2, 3, 4, 5], fromMinute: 540, toMinute: 960, timezone: 'Europe/Berlin' },
    ]);
    expect(read({ windows: [{ timezone: 'UTC' }] }).windows).toEqual([
      { days: [1, 2, 3, 4, 5, 6, 7], fromMinute: 0, toMinute: 1440, timezone: 'UTC' },
    ]);
    expect(read({}).windows).toEqual([]);
    expect(read7(['sat-mon'])).toEqual([1, 6, 7]);
    expect(read7(['wed', 'mon'])).toEqual([1, 3]);
  });

  test.each([
    [{ ...OFFICE, timezone: undefined }, 'timezone'],
    [{ ...OFFICE, timezone: 'Europe/Berlim' }, 'got "Europe/Berlim" (did you mean "Europe/Berlin"?)'],
    [{ ...OFFICE, timezone: '+02:00' }, 'timezone must be a name such as Europe/Berlin or UTC, got "+02:00"'],
    [{ ...OFFICE, from: '9:00' }, 'from must be a time from 00:00 to 23:59 in quotes, such as "09:30", got "9:00"'],
    [{ ...OFFICE, from: 540 }, 'from must be a time from 00:00 to 23:59 in quotes, such as "09:30", got 540'],
    [{ ...OFFICE, from: '24:00' }, 'from must be a time'],
    [{ ...OFFICE, to: '24:01' }, 'to must be a time from 00:01 to 24:00 in quotes, such as "09:30", got "24:01"'],
    [{ ...OFFICE, to: '09:00' }, 'to must be after from on the same day: write two windows where one goes over midnight'],
    [{ ...OFFICE, days: [] }, 'must be a list with at least one day'],
    [{ ...OFFICE, days: ['monday'] }, 'a day must look like mon or mon-fri, got "monday" (write mon)'],
    [{ ...OFFICE, days: ['Sat to Sunday'] }, 'a day must look like mon or mon-fri, got "Sat to Sunday" (write sat-sun)'],
    [{ ...OFFICE, days: ['weekdays'] }, 'a day must look like mon or mon-fri, got "weekdays" (write mon-fri)'],
    [{ ...OFFICE, days: ['moon'] }, 'a day must look like mon or mon-fri, got "moon"'],
    [{ ...OFFICE, days: ['mon-fri', 'tue'] }, 'a day is named twice'],
  ])('%j is refused', (window, message) => {
    expect(faults({ windows: [window] }).join('\n')).toContain(message);
  });
});

describe('a weight that rises', () => {
  test('has an hour more than its time, and may not take longer than its step', () => {
    expect(read({ steps: [{ weight: '50%', ramp: '2h', for: '1h' }] }).steps[0]).toMatchObject({ rampMs: 7_200_000, atMostMs: 10_800_000 });
    expect(faults({ steps: [{ weight: '50%', ramp: '2h', atMost: '1h' }] })).toEqual([
      'rollouts.r.steps[0].atMost: atMost (1h) is shorter than ramp (2h): the step could never end in time',
    ]);
    expect(faults({ steps: [{ watch: { for: '1m' }, ramp: '1m' }] }).join()).toContain('ramp');
  });
});
