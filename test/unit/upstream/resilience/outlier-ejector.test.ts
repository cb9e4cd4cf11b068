import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OutlierConfig } from '../../../../src/config/model.ts';
import { Deadlines } from '../../../../src/lib/deadlines.ts';
import type { Log, LogFields } from '../../../../src/lib/log.ts';
import type { CounterKey } from '../../../../src/telemetry/counter-key.ts';
import { ENDPOINT_EJECTIONS, VERSION_EJECTIONS } from '../../../../src/telemetry/counter-layout.ts';
import { CounterRegistry } from '../../../../src/telemetry/counter-registry.ts';
import { CounterSet } from '../../../../src/telemetry/counter-set.ts';
import { OUTCOME } from '../../../../src/telemetry/outcomes.ts';
import { SharedEjections } from '../../../../src/upstream/resilience/shared-ejections.ts';
import { OutlierEjector } from '../../../../src/upstream/resilience/outlier-ejector.ts';
import { Endpoint, NOT_READY_UNHEALTHY } from '../../../../src/upstream/endpoint.ts';
import { adoptPlan } from '../../../scaffold/adopt-plan.ts';

const settings: OutlierConfig = {
  consecutive: 3,
  consecutiveGateway: 0,
  failureShare: 0,
  minRequests: 50,
  intervalMs: 10_000,
  ejectionMs: 30_000,
  maxEjected: 0.5,
};
const keys = ['a', 'b', 'c', 'd'];

/** One version as one worker has it. */
class Owner {
  readonly name = 'v1';
  endpoints: readonly Endpoint[];
  readonly ejector: OutlierEjector;
  readonly shared: SharedEjections;
  readonly deadlines = new Deadlines();
  readonly logged: [LogFields, string][] = [];
  /** Whether another version takes over. */
  yields = false;

  constructor(counters: CounterSet, count: number, config: OutlierConfig) {
    this.endpoints = keys.slice(0, count).map((key) => {
      return new Endpoint(
        { address: { kind: 'tcp', host: key, port: 80 }, key, weight: 1, zone: undefined, drain: false },
        counters.endpoint('shop', 'v1', key),
      );
    });
    const note = (fields: LogFields, message: string): number => this.logged.push([fields, message]);
    const log = { warn: note, info: note } as unknown as Log;
    const deps = { deadlines: this.deadlines, counters, log };
    this.ejector = new OutlierEjector('shop', this, deps);
    this.ejector.configure(config);
    this.shared = new SharedEjections(deps, () => [this.ejector]);
    this.shared.restart();
  }

  get readyCount(): number {
    return this.endpoints.filter((endpoint) => endpoint.ready).length;
  }

  get ready(): string {
    return this.endpoints.map((endpoint) => (endpoint.ready ? endpoint.key : '-')).join('');
  }

  mark(endpoint: Endpoint, reason: number, applies: boolean): void {
    endpoint.notReadyReasons = applies ? endpoint.notReadyReasons | reason : endpoint.notReadyReasons & ~reason;
  }

  endpoint(key: string): Endpoint {
    return this.endpoints.find((endpoint) => endpoint.key === key)!;
  }

  fail(key: string, times: number, outcome = OUTCOME.upstream_reset, status = 0): void {
    const endpoint = this.endpoint(key);
    for (let i = 0; i < times; i++) {
      endpoint.counters.began();
      endpoint.counters.ended();
      this.ejector.failed(endpoint, outcome, status);
    }
  }

  succeed(key: string, times: number): void {
    const endpoint = this.endpoint(key);
    for (let i = 0; i < times; i++) {
      endpoint.counters.began();
      endpoint.counters.ended();
      endpoint.outlier.failures = 0;
    }
  }
}

let livePools: CounterRegistry;

function homes(count: number, config = settings): [Owner, Owner] {
  livePools = new CounterRegistry(2);
  const endpointKeys = keys.map((endpoint): CounterKey => ({ kind: 'endpoint', pool: 'shop', version: 'v1', endpoint }));
  const plan = livePools.reserve([...endpointKeys, { kind: 'version', pool: 'shop', version: 'v1' }]);
  const sets = [new CounterSet(0), new CounterSet(1)];
  for (const set of sets) adoptPlan(set, plan);
  livePools.commit(plan, 'all');
  const both: [Owner, Owner] = [new Owner(sets[0]!, count, config), new Owner(sets[1]!, count, config)];
  // The looks that follow a start are over: from here on a change must call for them.
  vi.advanceTimersByTime(1000);
  return both;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the bound', () => {
  it.each([
    [1, 0.5, '-', 'a'],
    [1, 1, 'a', 'a'],
    [2, 0.5, 'ab', '-b'],
    [2, 1, 'ab', '-b'],
    [3, 0.5, 'abc', '-bc'],
    [4, 0.5, 'abcd', '--cd'],
    [4, 1, 'abcd', '---d'],
    [4, 0.24, 'abcd', 'abcd'],
    [4, 0, 'abcd', 'abcd'],
  ])('of %i endpoints and %d', (count, maxEjected, failing, left) => {
    const [owner] = homes(count, { ...settings, maxEjected });
    for (const key of failing) if (key !== '-') owner.fail(key, 10);
    expect(owner.ready).toBe(left);
  });

  it('lets the next one go as soon as there is room', () => {
    const [owner] = homes(3);
    owner.fail('a', 3);
    owner.fail('b', 3);
    expect(owner.ready).toBe('-bc');
    vi.advanceTimersByTime(33_200);
    expect(owner.ready).toBe('abc');
    owner.fail('b', 1);
    expect(owner.ready).toBe('a-c');
  });

  it('is not taken up by an endpoint that has left', () => {
    const [owner] = homes(4, { ...settings, maxEjected: 0.34 });
    owner.fail('a', 3);
    owner.fail('b', 3);
    expect(owner.ready).toBe('-bcd');
    owner.endpoints = owner.endpoints.slice(1);
    vi.advanceTimersByTime(100);
    owner.fail('b', 3);
    expect(owner.ready).toBe('-cd');
  });

  it('does not take the last one that is ready, whatever made the others unready', () => {
    const [owner] = homes(2);
    owner.mark(owner.endpoints[0]!, NOT_READY_UNHEALTHY, true);
    owner.fail('b', 10);
    expect(owner.ready).toBe('-b');
  });
});

describe('one worker', () => {
  it('ejects, says so, lets return, and ejects again at one failure for longer', () => {
    const [owner] = homes(3);
    owner.fail('a', 2);
    expect(owner.ready).toBe('abc');
    owner.fail('a', 1);
    expect(owner.ready).toBe('-bc');
    expect(owner.logged[0]).toMatchObject([{ pool: 'shop', version: 'v1', endpoint: 'a', failures: 3, times: 1 }, 'endpoint ejected']);
    owner.fail('a', 3);
    vi.advanceTimersByTime(29_900);
    expect(owner.ready).toBe('-bc');
    vi.advanceTimersByTime(3_300);
    expect(owner.ready).toBe('abc');
    owner.fail('a', 1);
    vi.advanceTimersByTime(59_900);
    expect(owner.ready).toBe('-bc');
    vi.advanceTimersByTime(6_300);
    expect(owner.ready).toBe('abc');
    expect(owner.logged.map(([, message]) => message)).toEqual([
      'endpoint ejected',
      'endpoint is tried again',
      'endpoint ejected',
      'endpoint is tried again',
    ]);
  });

  it('does nothing with 0, and what was ejected before returns', () => {
    const [owner] = homes(3);
    owner.fail('a', 3);
    owner.ejector.configure({ ...settings, consecutive: 0 });
    vi.advanceTimersByTime(100);
    expect(owner.ready).toBe('abc');
    owner.fail('a', 50);
    expect(owner.ready).toBe('abc');
  });

  it('does not hold timeouts against an endpoint that fire because the thread was busy', () => {
    const [owner] = homes(3);
    owner.deadlines.tick(performance.now() + 2000);
    owner.fail('a', 3, OUTCOME.response_timeout);
    owner.fail('a', 3, OUTCOME.connect_timeout);
    expect(owner.ready).toBe('abc');
    owner.deadlines.tick(performance.now() + 2020);
    owner.fail('a', 3, OUTCOME.response_timeout);
    expect(owner.ready).toBe('-bc');
  });

  it('survives new settings', () => {
    const [owner] = homes(3);
    owner.fail('a', 3);
    owner.ejector.configure({ ...settings, consecutive: 9 });
    vi.advanceTimersByTime(1000);
    expect([owner.ready, owner.ejector.ejected]).toEqual(['-bc', 1]);
  });
});

describe('a version of which nothing can be reached', () => {
  const dead = [OUTCOME.connect_refused, OUTCOME.connect_timeout] as const;

  it.each([
    [1, 0.5],
    [1, 1],
    [2, 0.5],
    [4, 0.24],
    [4, 1],
  ])('loses all of its %i endpoints, whatever the bound (%d), where another takes over', (count, maxEjected) => {
    for (const yields of [true, false]) {
      const [owner, other] = homes(count, { ...settings, maxEjected });
      owner.yields = yields;
      other.yields = yields;
      for (const [index, { key }] of owner.endpoints.entries()) owner.fail(key, 3, dead[index % 2]);
      expect(owner.readyCount === 0).toBe(yields);
      vi.advanceTimersByTime(100);
      expect(other.readyCount === 0).toBe(yields);
      vi.advanceTimersByTime(33_200);
      expect([owner.readyCount, other.readyCount]).toEqual([count, count]);
    }
  });

  it.each(['upstream_reset', 'response_timeout', 'upstream_malformed', 'ok'] as const)(
    'is not one whose last endpoint fails with %s',
    (code) => {
      const [owner] = homes(2);
      owner.yields = true;
      owner.fail('a', 3, OUTCOME.connect_refused);
      owner.fail('b', 10, OUTCOME[code], code === 'ok' ? 503 : 0);
      expect(owner.ready).toBe('-b');
    },
  );

  it('is not one of which an endpoint can be reached', () => {
    const [owner] = homes(3);
    owner.yields = true;
    for (const key of ['a', 'b']) owner.fail(key, 10, OUTCOME.connect_refused);
    owner.fail('c', 2, OUTCOME.connect_refused);
    expect(owner.ready).toBe('-bc');
    owner.succeed('b', 1);
    owner.fail('c', 10, OUTCOME.connect_refused);
    expect(owner.ready).toBe('-bc');
  });

  it('keeps its last endpoint where nothing may be ejected', () => {
    const [owner] = homes(1, { ...settings, maxEjected: 0 });
    owner.yields = true;
    owner.fail('a', 10, OUTCOME.connect_refused);
    expect(owner.ready).toBe('a');
  });

  it('is used again, by all workers, when no other takes over any more', () => {
    const [owner, other] = homes(2);
    for (const each of [owner, other]) each.yields = true;
    for (const key of ['a', 'b']) owner.fail(key, 3, OUTCOME.connect_refused);
    vi.advanceTimersByTime(100);
    expect([owner.ready, other.ready]).toEqual(['--', '--']);
    owner.yields = false;
    vi.advanceTimersByTime(200);
    // The first went within the bound, as ever.
    expect([owner.ready, other.ready]).toEqual(['-b', '-b']);
  });

  it('is out again at the first failure after its return', () => {
    const [owner] = homes(1);
    owner.yields = true;
    owner.fail('a', 3, OUTCOME.connect_refused);
    vi.advanceTimersByTime(33_200);
    expect(owner.ready).toBe('a');
    owner.fail('a', 1, OUTCOME.connect_refused);
    expect(owner.ready).toBe('-');
  });
});

describe('gateway failures', () => {
  const gateway = { ...settings, consecutive: 0, consecutiveGateway: 3 };

  it.each([502, 503, 504])('are responses of %i', (status) => {
    const [owner] = homes(3, gateway);
    owner.fail('a', 2, OUTCOME.ok, status);
    owner.fail('a', 1, OUTCOME.upstream_error, status);
    expect(owner.ready).toBe('-bc');
    expect(owner.logged[0]).toMatchObject([{ rule: 'consecutive-gateway', failures: 3, times: 1 }, 'endpoint ejected']);
  });

  it.each(['connect_refused', 'connect_timeout', 'response_timeout', 'upstream_reset', 'upstream_malformed'] as const)('are %s', (code) => {
    const [owner] = homes(3, gateway);
    owner.fail('a', 3, OUTCOME[code]);
    expect(owner.ready).toBe('-bc');
  });

  it.each([500, 501, 505, 0])('are not responses of %i, which break the row', (status) => {
    const [owner] = homes(3, gateway);
    for (let i = 0; i < 5; i++) {
      owner.fail('a', 2);
      owner.fail('a', 1, OUTCOME.ok, status);
    }
    expect(owner.ready).toBe('abc');
    owner.fail('a', 3);
    expect(owner.ready).toBe('-bc');
  });
});

describe('the share of failures', () => {
  const share = { ...settings, consecutive: 0, failureShare: 0.5, minRequests: 20 };

  it('is counted over both workers, and said', () => {
    const [one, two] = homes(3, share);
    one.fail('a', 1);
    two.fail('a', 9);
    two.succeed('a', 9);
    expect(one.ready).toBe('abc');
    one.fail('a', 2);
    expect(one.ready).toBe('-bc');
    expect(one.logged[0]).toMatchObject([{ rule: 'failure-share', faults: 11, attempts: 20, times: 1 }, 'endpoint ejected']);
    vi.advanceTimersByTime(100);
    expect(two.ready).toBe('-bc');
  });

  it('below its bound does nothing, however many fail', () => {
    const [owner] = homes(3, share);
    for (let i = 0; i < 100; i++) {
      owner.succeed('a', 2);
      owner.fail('a', 1);
    }
    expect(owner.ready).toBe('abc');
  });

  it('says nothing when there are too few within an interval', () => {
    const [owner] = homes(3, share);
    for (let i = 0; i < 100; i++) {
      owner.fail('a', 1);
      vi.advanceTimersByTime(1000);
    }
    expect(owner.ready).toBe('abc');
  });

  it('of before does not count after the return, in either worker; half-open it needs a success', () => {
    const [one, two] = homes(3, share);
    for (const owner of [one, two]) owner.fail('a', 1);
    one.fail('a', 40);
    vi.advanceTimersByTime(33_500);
    expect([one.ready, two.ready]).toEqual(['abc', 'abc']);
    for (const owner of [one, two]) {
      owner.succeed('a', 1);
      owner.fail('a', 1);
    }
    expect([one.ready, two.ready]).toEqual(['abc', 'abc']);
    vi.advanceTimersByTime(100);
    one.fail('a', 30);
    vi.advanceTimersByTime(70_000);
    one.fail('a', 1);
    expect(one.ready).toBe('-bc');
    expect(one.logged.at(-1)).toMatchObject([{ rule: 'half-open', failures: 1 }, 'endpoint ejected']);
  });

  it('that both find too large at once counts once, for the version, too', () => {
    const [one, two] = homes(3, share);
    for (const owner of [one, two]) owner.fail('a', 1);
    one.fail('a', 20);
    two.fail('a', 20);
    expect([one.ready, two.ready]).toEqual(['-bc', '-bc']);
    expect(two.logged).toEqual([]);
    expect(livePools.blocks('version')[0]!.total(VERSION_EJECTIONS)).toBe(1);
  });

  it('keeps to the bound, and to the last one', () => {
    const [owner] = homes(4, share);
    for (const key of 'abcd') owner.fail(key, 50);
    expect(owner.ready).toBe('--cd');
  });
});

describe('two workers', () => {
  it('the other obeys within 100 ms, and both let it return; it counts once', () => {
    const [one, two] = homes(3);
    one.fail('a', 3);
    vi.advanceTimersByTime(100);
    expect(two.ready).toBe('-bc');
    vi.advanceTimersByTime(29_700);
    expect([one.ready, two.ready]).toEqual(['-bc', '-bc']);
    vi.advanceTimersByTime(3_500);
    expect([one.ready, two.ready]).toEqual(['abc', 'abc']);
    expect([one.logged.length, two.logged.length]).toEqual([2, 0]);
    two.fail('a', 1);
    expect(two.logged[0]).toMatchObject([{ times: 2 }, 'endpoint ejected']);
  });

  it('that eject the same endpoint at once count once', () => {
    const [one, two] = homes(3);
    one.fail('a', 3);
    two.fail('a', 3);
    expect([one.ready, two.ready]).toEqual(['-bc', '-bc']);
    expect(two.logged).toEqual([]);
    const block = livePools.blocks('endpoint').find(({ key }) => key.kind === 'endpoint' && key.endpoint === 'a')!;
    expect(block.total(ENDPOINT_EJECTIONS)).toBe(1);
  });

  it('keep the bound together', () => {
    const [one, two] = homes(3);
    one.fail('a', 3);
    two.fail('b', 3);
    vi.advanceTimersByTime(100);
    expect([one.ready, two.ready]).toEqual(['-bc', '-bc']);
  });

  it('the clock may jump: ahead the others return early, back no endpoint waits longer than the ejection lasts', () => {
    const [one, two] = homes(3);
    one.fail('a', 3);
    vi.advanceTimersByTime(100);
    vi.setSystemTime(Date.now() - 3_600_000);
    vi.advanceTimersByTime(33_300);
    expect([one.ready, two.ready]).toEqual(['abc', 'abc']);
    one.fail('b', 3);
    vi.advanceTimersByTime(100);
    vi.setSystemTime(Date.now() + 3_600_000);
    vi.advanceTimersByTime(100);
    expect([one.ready, two.ready]).toEqual(['a-c', 'abc']);
  });

  it('an ejection ends with the worker that decided on it', () => {
    const [one, two] = homes(3);
    one.fail('a', 3);
    vi.advanceTimersByTime(100);
    one.deadlines.close();
    for (const block of livePools.blocks('endpoint')) block.clearGauges(0);
    vi.advanceTimersByTime(100);
    expect(two.ready).toBe('abc');
  });
});

describe('at rest', () => {
  it('a worker looks no more, unless something is ejected; told of it, it looks again', () => {
    const [busy, resting] = homes(4);
    resting.shared.pace(false);
    vi.advanceTimersByTime(1000);
    busy.fail('a', 3);
    vi.advanceTimersByTime(1000);
    expect(resting.ready).toBe('abcd');
    // What the control thread passes on.
    resting.shared.restart();
    vi.advanceTimersByTime(200);
    expect(resting.ready).toBe('-bcd');
  });

  it('an ejection that it knows ends in time', () => {
    const [busy, resting] = homes(4);
    busy.fail('a', 3);
    vi.advanceTimersByTime(200);
    resting.shared.pace(false);
    expect(resting.ready).toBe('-bcd');
    vi.advanceTimersByTime(34_000);
    expect(resting.ready).toBe('abcd');
  });

  it('a worker that wakes up looks before it serves', () => {
    const [busy, resting] = homes(4);
    resting.shared.pace(false);
    vi.advanceTimersByTime(1000);
    busy.fail('a', 3);
    resting.shared.pace(true);
    expect(resting.ready).toBe('-bcd');
  });
});
