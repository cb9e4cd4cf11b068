import { expect, it } from 'vitest';
import { FailureWindow } from '../../../../src/upstream/resilience/failure-window.ts';

const settings = {
  consecutive: 0,
  consecutiveGateway: 0,
  failureShare: 0.1,
  minRequests: 50,
  intervalMs: 1000,
  ejectionMs: 1,
  maxEjected: 1,
};

it('is exceeded at the share, once there are enough attempts; the failure that begins it is not counted', () => {
  const window = new FailureWindow();
  expect(window.isExceeded(settings, { attempts: 1001, faults: 71 }, 0)).toBe(false);
  expect(window.isExceeded(settings, { attempts: 1050, faults: 76 }, 10)).toBe(false);
  expect(window.seen).toEqual({ attempts: 49, faults: 5 });
  expect(window.isExceeded(settings, { attempts: 1051, faults: 76 }, 20)).toBe(true);
  expect(window.isExceeded(settings, { attempts: 1061, faults: 76 }, 30)).toBe(false);
});

it('shares that a binary fraction cannot hold are reached exactly', () => {
  for (let percent = 1; percent <= 100; percent++) {
    const window = new FailureWindow();
    const share = { ...settings, failureShare: percent / 100 };
    window.isExceeded(share, { attempts: 0, faults: 0 }, 0);
    expect(window.isExceeded(share, { attempts: 100, faults: percent - 1 }, 1)).toBe(false);
    expect(window.isExceeded(share, { attempts: 100, faults: percent }, 1), `${percent} %`).toBe(true);
  }
});

it('ends with the interval; the next failure begins another', () => {
  const window = new FailureWindow();
  window.isExceeded(settings, { attempts: 0, faults: 0 }, 0);
  expect(window.isExceeded(settings, { attempts: 100, faults: 100 }, 1000)).toBe(true);
  expect(window.isExceeded(settings, { attempts: 101, faults: 101 }, 1001)).toBe(false);
  expect(window.isExceeded(settings, { attempts: 151, faults: 106 }, 1500)).toBe(true);
});

it('forgets: what came before a return says nothing', () => {
  const window = new FailureWindow();
  window.isExceeded(settings, { attempts: 0, faults: 0 }, 0);
  expect(window.isExceeded(settings, { attempts: 100, faults: 100 }, 1)).toBe(true);
  window.forget();
  expect(window.isExceeded(settings, { attempts: 101, faults: 101 }, 2)).toBe(false);
  expect(window.isExceeded(settings, { attempts: 150, faults: 105 }, 3)).toBe(false);
});

it('with minRequests 1 needs one attempt more than the first failure', () => {
  const window = new FailureWindow();
  const one = { ...settings, minRequests: 1, failureShare: 1 };
  expect(window.isExceeded(one, { attempts: 1, faults: 1 }, 0)).toBe(false);
  expect(window.isExceeded(one, { attempts: 2, faults: 2 }, 1)).toBe(true);
});
