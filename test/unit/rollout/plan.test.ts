import { describe, expect, test } from 'vitest';
import { findTemplate } from '../../../src/config/shipped-rollouts.ts';
import { advise } from '../../../src/rollout/advise.ts';
import { breakerOf } from '../../../src/rollout/breaker.ts';
import { plan } from '../../../src/rollout/plan.ts';
import { begun, template } from './fakes.ts';

const traffic = { perSecond: 200, errorRate: 0.005, usersPerSecond: 5 };

describe('a plan', () => {
  test('says whom each step exposes and when a fault is told', () => {
    const { steps, typicallyMs, warnings } = plan({ template: findTemplate({ rollouts: [] }, 'canary-5m')!, traffic, degradation: 5 });
    expect(steps.map(({ kind, share }) => `${kind} ${share}`)).toEqual(['weight 0.01', 'weight 0.1', 'weight 0.5', 'weight 1', 'watch 1']);
    expect(steps[0]).toMatchObject({ requests: 600, users: 15, typicallyMs: 300_000 });
    expect(steps[1]!.toldAfterMs!).toBeLessThan(steps[0]!.toldAfterMs!);
    expect(steps[1]!.missed!).toBeLessThan(steps[0]!.missed!);
    expect(typicallyMs).toBe(1_200_000);
    expect(warnings.every((each) => each.startsWith('step 1'))).toBe(true);
  });

  test('by evidence is faster than by five minutes at 200 requests per second, from five percent on', () => {
    const written = { steps: [5, 10, 20, 30, 50].map((weight) => ({ weight: `${weight}%`, until: 'evidence' })) };
    expect(plan({ template: template(written), traffic, degradation: 2 }).typicallyMs!).toBeLessThan(5 * 300_000);
  });

  test('divides alpha as the run does: among critical checks, guards too, and among pools', () => {
    const checks = [
      { name: 'e', errors: {} },
      { name: 'l', latency: {} },
      { name: 'g', errorRate: { max: '5%' } },
    ];
    const asked = (written: object, pools: number) =>
      plan({ template: template({ steps: [{ weight: '10%', for: '1h' }], ...written }), traffic, degradation: 5, pools }).steps[0]!
        .toldAfterMs!;
    // 1, 1 and a quarter of alpha: the errors have 4/9.
    const alone = (alpha: number) => asked({ checks: [checks[0]], alpha }, 1);
    expect(asked({ checks, alpha: 0.09 }, 1)).toBe(alone(0.04));
    expect(asked({ checks, alpha: 0.09 }, 2)).toBe(alone(0.02));
    expect(asked({ checks, alpha: 0.09 }, 2)).toBeGreaterThan(asked({ checks, alpha: 0.09 }, 1));
  });

  test('warns of a step that cannot decide in its time, and says what would', () => {
    const slow = { ...traffic, perSecond: 2 };
    const written = {
      steps: [
        { weight: '1%', until: 'evidence', atMost: '1h' },
        { weight: '2%', for: '5m' },
      ],
    };
    const { warnings } = plan({ template: template(written), traffic: slow, degradation: 2 });
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(/^step 1 \(1 %\): a canary that is as good needs about .* until it is shown, and atMost is 1h: /);
    expect(warnings[0]).toMatch(/a weight of \d+ % would do|mirror requests/);
    expect(warnings[1]).toContain('are missed in');
    expect(plan({ template: template(written), traffic: { ...slow, perSecond: 0 }, degradation: 2 }).warnings[0]).toContain('no traffic');
  });
});

test('a plan says where the warmup outlasts a step, and does not count on what comes in it', () => {
  const written = { warmup: '30s', steps: [{ weight: '5%', for: '20s' }, { weight: '10%', for: '40s' }, { weight: '100%' }] };
  const { steps, warnings } = plan({ template: template(written), traffic, degradation: 50 });
  expect(warnings).toEqual([
    'step 1 (5 %): it is over before the warmup of 30s is, so nothing is compared in it: give it more time, or write warmup: 0s',
  ]);
  expect(steps[0]!.missed).toBe(1);
  const cold = plan({ template: template({ ...written, warmup: '0s' }), traffic, degradation: 5 }).steps;
  const warm = plan({ template: template(written), traffic, degradation: 5 }).steps;
  expect(warm[1]!.missed!).toBeGreaterThan(cold[1]!.missed!);
  expect(warm.map(({ requests, toldAfterMs }) => [requests, toldAfterMs])).toEqual(
    cold.map(({ requests, toldAfterMs }) => [requests, toldAfterMs]),
  );
});

test('which strategy follows from traffic, risk and endpoints', () => {
  const endpoints = { baseline: 4, canary: 4 };
  const ask = (perSecond: number, risk: 'low' | 'high', canary = 4, canMirror = true) =>
    advise({ traffic: { ...traffic, perSecond }, risk, endpoints: { ...endpoints, canary }, canMirror }).template;
  expect(ask(500, 'high')).toBe('canary');
  expect(ask(500, 'high', 0)).toBe('rolling');
  expect(ask(0.1, 'low')).toBe('blue-green');
  expect(ask(0.1, 'low', 1)).toBe('canary-15m');
  expect(ask(0.1, 'high', 4, false)).toBe('canary-15m');
});

describe('whether a rollout may start', () => {
  const breaker = { failures: 2, blockForMs: 3_600_000 };
  const ended = (status: 'rolled-back' | 'succeeded' | 'aborted', endedWallMs: number) => ({ ...begun({}), status, endedWallMs });

  test('not after so many failures in a row', () => {
    const failed = [ended('rolled-back', 1000), ended('aborted', 2000), ended('rolled-back', 3000)];
    expect(breakerOf(failed, breaker, 4000, undefined)).toEqual({ isOpen: true, failures: 2, untilWallMs: 3_603_000 });
    expect(breakerOf(failed, breaker, 3_603_000, undefined).isOpen).toBe(false);
    expect(breakerOf(failed, breaker, 4000, 2500)).toMatchObject({ isOpen: false, failures: 1 });
    expect(breakerOf([...failed, ended('succeeded', 3500)], breaker, 4000, undefined).failures).toBe(0);
    expect(breakerOf(failed, { ...breaker, failures: 0 }, 4000, undefined).isOpen).toBe(false);
  });
});
