import { describe, expect, it } from 'vitest';
import { withPresentKeys, withPresentPaths } from '../../../src/config/former-keys.ts';

describe('what an earlier release has kept', () => {
  it('has the keys of today where it stands in the grammar, and nowhere else', () => {
    const kept = {
      pools: {
        affinity: { hold: '1s' },
        hold: { hold: '5s', affinity: { cookie: {}, hold: '2h' }, mirrors: [{ name: 'dark', limits: { answer: '1MiB', lag: '1MiB' } }] },
      },
    };
    expect(withPresentKeys(kept)).toEqual({
      pools: {
        affinity: { hold: '1s' },
        hold: {
          hold: '5s',
          affinity: { cookie: {}, remember: '2h' },
          mirrors: [{ name: 'dark', limits: { response: '1MiB', lag: '1MiB' } }],
        },
      },
    });
  });

  it('is amended at the paths of today', () => {
    const stored = [
      { path: ['pools', 'shop', 'affinity', 'hold'], value: '2h', base: { hold: 1 } },
      { path: ['pools', 'shop', 'affinity'], value: { clientIp: {}, hold: '1h' } },
      { path: ['pools', 'affinity', 'hold'], value: '1s' },
    ];
    expect(withPresentPaths(stored)).toEqual([
      { path: ['pools', 'shop', 'affinity', 'remember'], value: '2h', base: { hold: 1 } },
      { path: ['pools', 'shop', 'affinity'], value: { clientIp: {}, remember: '1h' } },
      // A pool of that name: its `hold` is a hold.
      { path: ['pools', 'affinity', 'hold'], value: '1s' },
    ]);
    expect(withPresentPaths('no list')).toBe('no list');
  });
});
