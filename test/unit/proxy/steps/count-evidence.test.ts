import { describe, expect, test } from 'vitest';
import { NO_USER } from '../../../../src/telemetry/evidence-users.ts';
import type { AffinityConfig } from '../../../../src/config/model.ts';
import { forwardHead } from '../../../../src/proxy/steps/forward-response.ts';
import { retry, retryResponse, retryReasonOfStatus } from '../../../../src/proxy/steps/retry.ts';
import { switchVersion } from '../../../../src/proxy/steps/switch-version.ts';
import { timeOut } from '../../../../src/proxy/steps/time-out.ts';
import { OUTCOME } from '../../../../src/telemetry/outcomes.ts';
import type { OutcomeCode } from '../../../../src/telemetry/outcomes.ts';
import { createUsers, EvidenceUsers, MAX_DRAWN_USERS, MAX_USERS } from '../../../../src/telemetry/evidence-users.ts';
import { makePool } from '../../routing/make-table.ts';
import { draw, FRESH, makeEvidence, STABLE } from '../counted.ts';
import type { Counted, CountedOptions } from '../counted.ts';

const BY_USER: AffinityConfig = { kind: 'header', name: 'x-user', remember: undefined };
const QA = { name: 'qa', source: { kind: 'header', name: 'x-user' }, value: { kind: 'exact', value: 'qa' }, version: 'fresh' };
const from = (user: string): string => `GET /a HTTP/1.1\r\nhost: a.example\r\nx-user: ${user}\r\n\r\n`;
const FINE = { assigned: 1, finished: 1 };

function respond({ exchange, upstream }: Counted, status = 200, ...fields: string[]): void {
  const head = [`HTTP/1.1 ${status} X`, 'content-length: 2', 'Date: x', ...fields, '', 'ok'].join('\r\n');
  const { from: start, to } = upstream.respond(head);
  forwardHead(exchange, upstream.real, start, to, true);
}

/** The head has not come for so long. */
function wait({ state }: Counted, ms: number): void {
  state.attempt.versionSinceMs -= ms;
}

describe('a request counts for the version that was drawn', () => {
  test.each([
    ['baseline', STABLE, { stable: FINE, fresh: {} }],
    ['canary', FRESH, { stable: {}, fresh: FINE }],
    ['third one', 2, { stable: {}, fresh: {} }],
  ])('when that is the %s', (_, version, counted) => {
    const made = draw(version).begin();
    respond(made);
    expect(made.end().counted).toEqual(counted);
    expect(made.evidence.news()).toBe(0);
  });

  test('and has not finished before its end', () => {
    const made = draw(FRESH).begin();
    respond(made);
    expect(made.counted).toEqual({ stable: {}, fresh: { assigned: 1 } });
  });

  test.each([
    ['an override named it', { head: from('qa'), pool: { overrides: [QA] } }],
    ['the route names it', { route: { action: { kind: 'pool', pool: 'shop', version: 'fresh' } } }],
  ] as const)('but not where %s', (_, options) => {
    const made = draw(STABLE, options as never).begin();
    respond(made, 500);
    expect(made.chosen.version).toBe('fresh');
    expect(made.end('ok', 500).counted).toEqual({ stable: {}, fresh: {} });
  });
});

describe('an error', () => {
  test.each([
    ['a status of 500', 'ok', 500, true],
    ['a status of 499 and less', 'ok', 404, false],
    ['a reset', 'upstream_reset', 0, true],
    ['a reset in the middle of a response', 'upstream_reset', 200, true],
    ['a malformed response', 'upstream_malformed', 0, true],
    ['a time that is over', 'exchange_timeout', 0, true],
    ['no endpoint', 'no_endpoint', 503, true],
    ['an overload', 'overload', 503, true],
    ['a client that goes', 'downstream_closed', 0, false],
    ['a client that stalls', 'downstream_stalled', 0, false],
    ['a body that is too large', 'body_too_large', 413, false],
  ] as const)('%s', (_, outcome, status, isError) => {
    for (const [version, arm] of [
      [FRESH, 'fresh'],
      [STABLE, 'stable'],
    ] as const) {
      const made = draw(version).begin().end(outcome, status);
      expect(made.counted[arm].errors).toBe(isError ? 1 : undefined);
      expect(made.counted[arm].finished).toBe(1);
      if (isError) expect(made.evidence.news()).toBe(version === FRESH ? 1 : 0);
    }
  });

  test('is a failed attempt, though the next one saves the request', () => {
    const made = draw(FRESH).begin();
    made.versions[FRESH]!.settings.retryOn.add('reset');
    made.upstream.sent = true;
    retry(made.exchange, made.upstream.real, OUTCOME.upstream_reset);
    respond(made);
    expect(made.end().counted.fresh).toEqual({ ...FINE, errors: 1 });
  });

  test('counts once, however many attempts fail', () => {
    const made = draw(FRESH).begin();
    const { settings } = made.versions[FRESH]!;
    settings.retryOn.add('connect-failure');
    settings.retryAttempts = 3;
    for (let times = 0; times < 4; times++) retry(made.exchange, made.upstream.real, OUTCOME.connect_refused);
    expect(made.end('connect_refused', 502).counted.fresh).toEqual({ ...FINE, errors: 1 });
  });

  test('is no keep-alive connection that had closed, and no endpoint that we drained', () => {
    const made = draw(FRESH).begin();
    Object.assign(made.upstream, { responses: 1, sent: true });
    retry(made.exchange, made.upstream.real, OUTCOME.upstream_reset);
    expect(made.counted.fresh).toEqual({ assigned: 1 });
    made.versions[FRESH]!.settings.retryOn.add('reset');
    retry(made.exchange, made.upstream.real, OUTCOME.drain_timeout);
    expect(made.end().counted.fresh).toEqual(FINE);
  });

  test.each([503, 429])('is a status that is tried again: %i', (status) => {
    const made = draw(FRESH).begin();
    const { settings } = made.versions[FRESH]!;
    settings.retryOn.add('status');
    settings.retryStatuses.add(status);
    made.upstream.respond(`HTTP/1.1 ${status} X\r\ncontent-length: 0\r\n\r\n`);
    retryResponse(made.exchange, made.upstream.real, retryReasonOfStatus(made.state, status));
    expect(made.end().counted.fresh).toEqual({ ...FINE, errors: 1 });
  });

  test('of the drawn version stays its own when another one responds; what that does is no event of anybody', () => {
    const made = draw(FRESH).begin();
    made.versions[FRESH]!.settings.retryOn.add('reset');
    made.versions[FRESH]!.settings.acrossVersions = true;
    made.upstream.sent = true;
    retry(made.exchange, made.upstream.real, OUTCOME.upstream_reset);
    expect(made.chosen.version).toBe('stable');
    expect(made.counted.fresh).toEqual({ ...FINE, errors: 1 });
    wait(made, 60_000);
    respond(made, 500);
    expect(made.end('ok', 500).counted).toEqual({ stable: {}, fresh: { ...FINE, errors: 1 } });
  });

  test('is a drawn version without a ready endpoint, whoever responds', () => {
    const made = draw(FRESH);
    made.pool.unready.add(FRESH);
    made.begin();
    expect(made.chosen.version).toBe('stable');
    respond(made, 500);
    expect(made.end('ok', 500).counted).toEqual({ stable: {}, fresh: { ...FINE, errors: 1 } });
  });

  test('is the same where nobody may respond in its place', () => {
    const made = draw(FRESH, { pool: { fallback: { whenNoneReady: 'fail' } } });
    made.pool.unready.add(FRESH);
    made.begin();
    expect([made.downstream.written.includes('no_endpoint'), made.counted.fresh]).toEqual([true, { ...FINE, errors: 1 }]);
  });

  test('is a hold that ends at another version', () => {
    const made = draw(FRESH, { pool: { holdMs: 1000 } });
    made.pool.unready.add(FRESH).add(STABLE);
    made.begin();
    made.pool.unready.delete(STABLE);
    expect(switchVersion(made.exchange)).toBe(true);
    expect(made.end().counted).toEqual({ stable: {}, fresh: { ...FINE, errors: 1 } });
  });
});

describe('a client', () => {
  test('that goes before the head gave up; after it, it has only left', () => {
    expect(draw(FRESH).begin().end('downstream_closed', 0).counted.fresh).toEqual({ ...FINE, gaveUp: 1 });
    const made = draw(FRESH).begin();
    respond(made);
    expect(made.end('downstream_closed', 200).counted.fresh).toEqual(FINE);
  });

  test('that errs by its status is told so by the version', () => {
    const made = draw(STABLE).begin();
    respond(made, 404);
    expect(made.end('ok', 404).counted.stable).toEqual({ ...FINE, clientErrors: 1 });
  });
});

describe('slow', () => {
  const bounds = { p50: 1000, p90: 2000, p99: 4000, hangMs: 4000 };

  /** Of the canary they are twice as long. */
  function bounded(version: number) {
    const evidence = makeEvidence();
    evidence.told.publish(bounds);
    return draw(version, {}, evidence).begin();
  }

  test.each([
    [STABLE, 500, [0, 0, 0]],
    [STABLE, 1500, [1, 0, 0]],
    [STABLE, 2500, [1, 1, 0]],
    [STABLE, 9000, [1, 1, 1]],
    [FRESH, 1500, [0, 0, 0]],
    [FRESH, 2500, [1, 0, 0]],
    [FRESH, 5000, [1, 1, 0]],
    [FRESH, 9000, [1, 1, 1]],
  ])('version %i with a head after %i ms: %j', (version, ms, slow) => {
    const made = bounded(version);
    wait(made, ms);
    respond(made);
    made.end();
    expect(made.evidence.sums(version as 0 | 1).slow).toEqual(slow);
    expect(made.exchange.state.hangDeadline.list).toBeUndefined();
  });

  test('is nothing before there are bounds', () => {
    const made = draw(FRESH).begin();
    wait(made, 4000);
    respond(made);
    expect(made.end().counted.fresh).toEqual(FINE);
  });

  test('is what has no head when the bound has passed; it counts then, and only then', () => {
    const made = bounded(FRESH);
    expect(made.exchange.fakeContext.deadlines.armed.get(made.state.hangDeadline)).toBeGreaterThanOrEqual(8000);
    timeOut(made.exchange, made.state.hangDeadline);
    expect(made.counted.fresh).toEqual({ assigned: 1, slow: [1, 1, 1] });
    expect(made.evidence.news()).toBe(1);
    timeOut(made.exchange, made.state.hangDeadline);
    wait(made, 60_000);
    respond(made);
    expect(made.end().counted.fresh).toEqual({ ...FINE, slow: [1, 1, 1] });
  });

  test('is held against the bounds of the draw, though others hold by now', () => {
    const made = bounded(FRESH);
    made.evidence.told.publish({ p50: 1, p90: 1, p99: 1, hangMs: 1 });
    wait(made, 1500);
    respond(made);
    expect(made.end().counted.fresh).toEqual(FINE);
  });

  test('counts beside an error', () => {
    const made = bounded(FRESH);
    timeOut(made.exchange, made.state.hangDeadline);
    expect(made.end('response_timeout', 504).counted.fresh).toEqual({ ...FINE, errors: 1, slow: [1, 1, 1] });
  });
});

describe('an event', () => {
  const options = {
    fields: [{ name: 'x-purchase', position: 2 }],
    routes: [
      { name: 'shop', position: 5 },
      { name: 'other', position: 6 },
    ],
  };

  test('is a field of the response, or the route of the request', () => {
    const made = draw(FRESH, options).begin();
    respond(made, 201, 'X-Purchase: 12');
    expect(made.end('ok', 201).counted.fresh).toEqual({ ...FINE, events: [0, 0, 1, 0, 0, 1, 0, 0] });
    expect(made.evidence.news()).toBe(0);
  });

  test('is none without the field, and none in a response that failed', () => {
    const made = draw(STABLE, { fields: options.fields }).begin();
    respond(made, 200, 'x-purchases: 12');
    expect(made.end().counted.stable).toEqual(FINE);
    const failed = draw(STABLE, options).begin();
    respond(failed, 409, 'x-purchase: 12');
    expect(failed.end('ok', 409).counted.stable).toEqual({ ...FINE, clientErrors: 1 });
  });
});

describe('the shape of a response', () => {
  const options = { redirects: [0, 4], emptyBodies: [3] };
  const events = (...positions: number[]) => ({ events: Array.from({ length: 8 }, (_, at) => (positions.includes(at) ? 1 : 0)) });

  test.each([
    [302, 'ok', events(0, 4)],
    [204, '', events(3)],
    [200, '', events(3)],
    [200, 'ok', {}],
  ])('of %s with the body %j', (status, body, counted) => {
    const made = draw(FRESH, options).begin();
    const head = [`HTTP/1.1 ${status} X`, ...(status === 204 ? [] : [`content-length: ${body.length}`]), '', body].join('\r\n');
    const { from: start, to } = made.upstream.respond(head);
    forwardHead(made.exchange, made.upstream.real, start, to, true);
    expect(made.end('ok', status).counted.fresh).toEqual({ ...FINE, ...counted });
  });
});

describe('the size of a body', () => {
  const options = { smallBodies: [2] };
  const small = { events: [0, 0, 1, 0, 0, 0, 0, 0] };
  const sized = (version: number, bytes: number, evidence = makeEvidence(options), more: CountedOptions = {}) => {
    const made = draw(version, more, evidence).begin();
    made.state.bytesOut = bytes;
    return made;
  };
  /** Bodies of 4 KiB are usual; the other arm has what is counted. */
  const usual = () => {
    const evidence = makeEvidence(options);
    for (let each = 0; each < 40; each++) sized(STABLE, 4096, evidence).end();
    evidence.sizes.pass(500);
    return evidence;
  };

  test.each([
    [1024, {}],
    [1023, small],
    [0, small],
  ])('of %d bytes counts where less than a quarter of the usual has come', (bytes, counted) => {
    expect(sized(FRESH, bytes, usual()).end().counted.fresh).toEqual({ ...FINE, ...counted });
    expect(sized(STABLE, bytes, usual()).end().counted.stable.events).toEqual(counted === small ? small.events : undefined);
  });

  test('of others than 200 to 299, of one that broke off, of a HEAD, of another path, and before anything is usual counts nowhere', () => {
    const others: readonly (readonly [OutcomeCode, number])[] = [
      ['ok', 404],
      ['ok', 302],
      ['ok', 500],
      ['upstream_reset', 200],
      ['downstream_closed', 200],
    ];
    const evidence = usual();
    for (const [outcome, status] of others) sized(FRESH, 10, evidence).end(outcome, status);
    sized(FRESH, 0, evidence, { head: 'HEAD /a HTTP/1.1\r\nhost: a.example\r\n\r\n' }).end();
    sized(FRESH, 10, evidence, { head: 'GET /other HTTP/1.1\r\nhost: a.example\r\n\r\n' }).end();
    expect(sized(FRESH, 10).end().counted.fresh.events).toBeUndefined();
    expect(sized(FRESH, 10, makeEvidence()).end().counted.fresh.events).toBeUndefined();
    expect(sized(FRESH, 4096, evidence).end().counted.fresh.events).toBeUndefined();
  });

  test('is held against what was usual when the version was drawn', () => {
    const evidence = makeEvidence(options);
    const early = sized(FRESH, 10, evidence);
    for (let each = 0; each < 40; each++) sized(STABLE, 4096, evidence).end();
    evidence.sizes.pass(500);
    expect(early.end().counted.fresh.events).toBeUndefined();
  });
});

describe('a value', () => {
  const options = { valueFields: [{ name: 'x-revenue', position: 1 }] };

  test('is the number in a field of the response; a text that is none is told as well', () => {
    for (const [text, value] of [
      ['19.90', 19.9],
      ['a lot', NaN],
    ] as const) {
      const made = draw(FRESH, options).begin();
      respond(made, 200, `X-Revenue: ${text}`);
      expect(made.end().evidence.sent).toEqual([{ user: NO_USER, segment: 0, arm: FRESH, position: 1, value }]);
    }
  });

  test('is none without the field, and none in a response that failed', () => {
    for (const [status, field] of [
      [200, 'x-revenues: 1'],
      [402, 'x-revenue: 1'],
    ] as const) {
      const made = draw(FRESH, options).begin();
      respond(made, status, field);
      expect(made.evidence.sent).toEqual([]);
    }
  });
});

describe('a user', () => {
  test('counts once, however many requests it sends', () => {
    const evidence = makeEvidence();
    const ask = (): Counted =>
      draw(FRESH, { head: from('ada'), pool: { affinity: BY_USER, split: { stable: 0, fresh: 1, old: 0 } } }, evidence).begin();
    for (let request = 0; request < 5; request++) ask().end('ok', 500);
    expect(ask().counted.fresh).toEqual({ ...FINE, errors: 1 });
    expect(evidence.sums(FRESH).requests).toBe(6);
    expect(evidence.news()).toBe(1);
  });

  test('for whom there is no room counts when it fails alone, and it is said', () => {
    const memory = createUsers(7);
    const users = new EvidenceUsers(memory);
    for (let user = 0; users.size < MAX_DRAWN_USERS; user++) users.find(`user-${user}`, false);
    const evidence = makeEvidence({ users: memory });
    const options = { pool: { affinity: BY_USER, split: { stable: 0, fresh: 1, old: 0 } } };
    const ask = (user: string, status: number) =>
      draw(FRESH, { ...options, head: from(user) }, evidence)
        .begin()
        .end('ok', status).counted.fresh;
    expect([ask('ada', 200), ask('ada', 404)]).toEqual([{}, {}]);
    // Once, however often; nothing else of it counts, also not in what the rate is of.
    expect([ask('ada', 500), ask('ada', 500), ask('ada', 404)]).toEqual(Array(3).fill({ errors: 1, finished: 1 }));
    expect(evidence.sums(FRESH)).toMatchObject({ assigned: 0, clientErrors: 0, met: 1 });
    expect(evidence.told.saturated).toBe(true);
    expect(
      draw(FRESH, { ...options, head: from('user-3') }, evidence)
        .begin()
        .end('ok', 500).counted.fresh,
    ).toEqual({ ...FINE, finished: 2, errors: 2 });
    for (let user = 0; users.size < MAX_USERS; user++) users.findFailed(`failing-${user}`);
    expect(ask('eve', 500)).toEqual({ ...FINE, finished: 2, errors: 2 });
  });
});

describe('while a version starts slowly', () => {
  const versions = makePool({ stable: 95, fresh: 5, old: 0 }).versions.map((version) => ({ ...version, slowStartMs: 1000 }));

  test.each([
    [FRESH, 0.1, 'fresh', { stable: {}, fresh: FINE }],
    [FRESH, 0.5, 'stable', { stable: {}, fresh: {} }],
    [STABLE, 0.1, 'stable', { stable: FINE, fresh: {} }],
    [STABLE, 0.5, 'stable', { stable: {}, fresh: {} }],
  ] as const)('as much of both counts: drawn %i, chance %f', (version, chance, responds, counted) => {
    const made = draw(version, { pool: { versions } });
    made.pool.rampShares[FRESH] = 0.3;
    made.pool.chances.push(chance);
    made.begin();
    respond(made);
    expect(made.chosen.version).toBe(responds);
    expect(made.end().counted).toEqual(counted);
  });
});

test.each<OutcomeCode>(['ok', 'upstream_reset'])('a halted canary gets nothing, and nothing counts: %s', (outcome) => {
  for (const version of [STABLE, FRESH]) {
    const made = draw(version);
    made.evidence.told.trips.halt();
    made.begin();
    expect(made.chosen.version).toBe('stable');
    expect(made.end(outcome).counted).toEqual({ stable: {}, fresh: {} });
  }
});
