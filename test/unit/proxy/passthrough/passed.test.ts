// What becomes of a connection that is passed through until it is open, and what it says about its version.

import { describe, expect, test } from 'vitest';
import { Deadline } from '../../../../src/lib/deadlines.ts';
import { EndpointSearch } from '../../../../src/proxy/passthrough/endpoint-search.ts';
import { PassedState } from '../../../../src/proxy/passthrough/passed-state.ts';
import { breakOff, settle, settleUnopened } from '../../../../src/proxy/passthrough/settle.ts';
import { CONNECT_FAILURE, RETRY_REASONS } from '../../../../src/proxy/retry-reasons.ts';
import { chooseVersion } from '../../../../src/proxy/steps/choose-version.ts';
import { NO_REQUEST } from '../../../../src/routing/passthrough.ts';
import { OUTCOME } from '../../../../src/telemetry/outcomes.ts';
import type { Endpoint } from '../../../../src/upstream/endpoint.ts';
import type { RawStream } from '../../../../src/upstream/protocol/upstream-stream.ts';
import { Introduction } from '../../../../src/upstream/introduction.ts';
import { NO_ENDPOINT, OVERLOAD } from '../../../../src/upstream/stream-request.ts';
import { FRESH, STABLE, makeEvidence } from '../counted.ts';
import { FakeContext, counting, makeServing } from '../fakes.ts';

/** A connection for which chance has drawn this version, of a pool whose rollout counts. */
function drawn(version: number, split: Readonly<Record<string, number>> = { stable: 95, fresh: 5 }) {
  const calls: string[] = [];
  const context = new FakeContext(calls);
  const made = makeServing(calls, split);
  const evidence = makeEvidence();
  made.pool.evidence = evidence.writer;
  made.pool.drawn.push(version);
  const state = new PassedState(new Deadline({ onDeadline: () => undefined }), '192.0.2.1', '');
  state.serving = made.serving;
  state.destination = { pool: made.serving.table.pools[0]!, version: undefined };
  state.attempt.versionSinceMs = performance.now();
  context.deadlines.nowMs = performance.now();
  expect(chooseVersion({ state, context: context.real }, NO_REQUEST, '192.0.2.1')).toBe(true);
  const endpoint = { key: '10.0.0.1:80', inFlight: 0, counters: counting(calls, 'endpoint') } as unknown as Endpoint;
  calls.length = 0;
  const sums = (): object => {
    const { assigned, finished, errors, gaveUp } = evidence.sums(version as typeof STABLE | typeof FRESH) as never;
    return { assigned, finished, errors, gaveUp };
  };
  return { ...made, calls, context, state, endpoint, evidence, sums };
}

describe('what it says about its version', () => {
  const opened = (version: number) => {
    const made = drawn(version);
    made.state.attempt.endpoint = made.endpoint;
    return made;
  };

  test('a first byte is a response that has come well', () => {
    const { state, context, calls, sums } = opened(FRESH);
    state.firstByteMs = 12;
    settle(state, OUTCOME.ok, context.real);
    expect(sums()).toEqual({ assigned: 1, finished: 1, errors: 0, gaveUp: 0 });
    expect(calls.map((call) => call.replace(/\(.*/, ''))).toEqual(['fresh.attempted', 'fresh.measured', 'fresh.succeeded']);
    // What breaks off after it is a failure, and no evidence any more.
    calls.length = 0;
    breakOff(state);
    expect(calls).toEqual(['fresh.failed()', 'endpoint.failed()', 'fresh.failed(10.0.0.1:80,upstream_reset,0)']);
    expect([state.outcome.code, sums()]).toEqual(['upstream_reset', { assigned: 1, finished: 1, errors: 0, gaveUp: 0 }]);
  });

  test.each([STABLE, FRESH])('an end of the upstream before that is an error of version %s', (version) => {
    const { state, context, calls, sums } = opened(version);
    settle(state, OUTCOME.upstream_reset, context.real);
    expect(sums()).toEqual({ assigned: 1, finished: 1, errors: 1, gaveUp: 0 });
    expect(calls.filter((call) => call.includes('failed')).length).toBe(3);
  });

  test('a client that goes before that has given up, or never wanted anything', () => {
    const gone = opened(FRESH);
    settle(gone.state, OUTCOME.downstream_closed, gone.context.real);
    expect(gone.sums()).toEqual({ assigned: 1, finished: 1, errors: 0, gaveUp: 1 });
    const quiet = opened(FRESH);
    settle(quiet.state, OUTCOME.ok, quiet.context.real);
    expect(quiet.sums()).toEqual({ assigned: 1, finished: 1, errors: 0, gaveUp: 0 });
    for (const { calls } of [gone, quiet]) expect(calls.some((call) => /failed|succeeded/.test(call))).toBe(false);
  });

  test('one that was never open failed, unless its client has gone', () => {
    const { state, context, calls, sums } = drawn(FRESH);
    settleUnopened(state, OUTCOME.connect_refused, context.real);
    expect(calls.map((call) => call.replace(/\(.*/, ''))).toEqual(['fresh.ended', 'fresh.failed']);
    expect(sums()).toEqual({ assigned: 1, finished: 1, errors: 1, gaveUp: 0 });
    const gone = drawn(FRESH);
    settleUnopened(gone.state, OUTCOME.downstream_closed, gone.context.real);
    expect(gone.calls.map((call) => call.replace(/\(.*/, ''))).toEqual(['fresh.ended']);
    expect(gone.sums()).toEqual({ assigned: 1, finished: 1, errors: 0, gaveUp: 1 });
  });
});

describe('looking for an endpoint', () => {
  function search(version = STABLE, split?: Readonly<Record<string, number>>) {
    const made = drawn(version, split);
    const told: string[] = [];
    const connection = { fault: '', destroy: () => told.push('destroyed') } as unknown as RawStream;
    const owner = {
      isFull: false,
      introduction: new Introduction(() => 'PROXY'),
      onFound: () => void told.push('found'),
      onNotFound: ({ code }: { readonly code: string }) => void told.push(code),
    };
    const looking = new EndpointSearch(made.state, made.context.real, owner);
    const named = (name: string): boolean => made.calls.includes(name);
    return { ...made, told, connection, owner, looking, named };
  }

  test('what is found takes no place any more', () => {
    const { looking, connection, endpoint, told, state, named } = search();
    looking.begin();
    expect(state.attempt).toMatchObject({ count: 1, holdsSlot: true });
    looking.onRawConnecting(connection, endpoint);
    looking.onRawConnected(connection);
    expect([told, state.attempt.holdsSlot, endpoint.inFlight, named('stable.releaseSlot')]).toEqual([['found'], false, 1, true]);
    // Its owner ends it from here on.
    looking.end(OUTCOME.ok);
    expect([told, endpoint.inFlight]).toEqual([['found'], 1]);
  });

  test('a connection that fails is made again elsewhere, as often as the pool allows', () => {
    const { looking, connection, endpoint, told, state, versions, calls } = search();
    versions[STABLE]!.settings.retryOn.add(RETRY_REASONS[CONNECT_FAILURE]!);
    versions[STABLE]!.settings.retryAttempts = 2;
    looking.begin();
    for (let count = 1; count <= 3; count++) {
      expect([told, state.attempt.count]).toEqual([[], count]);
      looking.onRawConnecting(connection, endpoint);
      looking.onRawFailure(connection, OUTCOME.connect_refused);
      told.splice(0, told.indexOf('destroyed') + 1);
    }
    expect(told).toEqual(['connect_refused']);
    expect([state.attempt.count, state.attempt.failedEndpoint, endpoint.inFlight]).toEqual([3, endpoint, 0]);
    expect(calls.filter((call) => call === 'stable.releaseSlot').length).toBe(3);
    expect(calls.filter((call) => call === `stable.attempted(${OUTCOME.connect_refused.index})`).length).toBe(3);
  });

  test('what this machine lacks is not tried again, and is no fault of the endpoint', () => {
    const { looking, connection, endpoint, told, sums, versions } = search(FRESH);
    versions[FRESH]!.settings.retryOn.add(RETRY_REASONS[CONNECT_FAILURE]!);
    looking.begin();
    looking.onRawConnecting(connection, endpoint);
    looking.onRawFailure(connection, OUTCOME.overload);
    expect(told).toEqual(['destroyed', 'overload']);
    expect(sums()).toMatchObject({ errors: 0 });
  });

  test('a version whose last endpoint has failed gives it to another one that is ready', () => {
    const { looking, connection, endpoint, told, state, versions, pool, calls } = search(FRESH);
    versions[FRESH]!.settings.retryOn.add(RETRY_REASONS[CONNECT_FAILURE]!);
    looking.begin();
    looking.onRawConnecting(connection, endpoint);
    versions[FRESH]!.readyCount = 0;
    pool.unready.add(FRESH);
    looking.onRawFailure(connection, OUTCOME.connect_refused);
    expect([told, state.choice.version!.name]).toEqual([['destroyed'], 'stable']);
    expect(calls).toContain('fresh.versionFallback()');
    expect(calls.filter((call) => call.endsWith('.acquire'))).toEqual(['fresh.acquire', 'stable.acquire']);
  });

  test.each([
    [NO_ENDPOINT, 'no_endpoint'],
    [OVERLOAD, 'overload'],
  ] as const)('no place at all (%s) is %s', (acquired, outcome) => {
    const { looking, told, state, versions } = search();
    versions[STABLE]!.acquires = acquired;
    looking.begin();
    expect([told, state.attempt.count, state.attempt.holdsSlot]).toEqual([[outcome], 0, false]);
  });

  test('where the pool holds it waits, until its time is over or its client has gone', () => {
    const { looking, connection, endpoint, told, state, versions, calls } = search();
    versions[STABLE]!.settings.holdMs = 5000;
    looking.begin();
    looking.onRawConnecting(connection, endpoint);
    looking.onRawFailure(connection, OUTCOME.connect_refused);
    expect([told, calls.includes('stable.hold'), state.attempt.holdsSlot]).toEqual([['destroyed'], true, true]);
    looking.onHeld();
    looking.end(OUTCOME.downstream_closed);
    expect([told, calls.includes('stable.withdraw'), state.attempt.holdsSlot]).toEqual([['destroyed'], true, false]);
  });

  test('one too many is told before it is open', () => {
    const { looking, connection, endpoint, told, owner } = search();
    looking.begin();
    looking.onRawConnecting(connection, endpoint);
    owner.isFull = true;
    looking.onRawConnected(connection);
    expect(told).toEqual(['overload']);
    looking.end(OUTCOME.overload);
    expect([told, endpoint.inFlight]).toEqual([['overload', 'destroyed'], 0]);
  });
});
