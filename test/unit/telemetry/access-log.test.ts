import { describe, expect, it } from 'vitest';
import { AccessLog, CHUNK_CHARACTERS, formatConnectionLine, formatLine } from '../../../src/telemetry/access-log.ts';
import { Observation } from '../../../src/telemetry/observation.ts';

function observe(fields: Partial<Observation> = {}): Observation {
  return Object.assign(new Observation(), fields);
}

function collect(sample: number) {
  const chunks: string[] = [];
  let lines = 0;
  const log = new AccessLog(sample, (chunk, count) => {
    chunks.push(chunk);
    lines += count;
  });
  return {
    log,
    chunks,
    lines: () => lines,
    targets: () =>
      chunks
        .join('')
        .split('\n')
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as { target: string }).target),
  };
}

describe('AccessLog', () => {
  it('writes every field of an exchange', () => {
    const line = formatLine(
      observe({
        listener: 'web',
        route: 'r',
        pool: 'shop',
        version: 'v1',
        endpoint: '127.0.0.1:1',
        method: 'GET',
        authority: 'a.b',
        target: '/x?y',
        client: '::1',
        requestId: 'id',
        status: 200,
        reason: 'weight',
        attempts: 1,
        startedAtMs: Date.UTC(2026, 10, 21, 1, 2, 3, 45),
        durationMs: 12.34567,
        firstByteMs: 1.5,
        bytesIn: 3,
        bytesOut: 1234,
      }),
    );
    expect(line.endsWith('}\n')).toBe(true);
    expect(JSON.parse(line)).toEqual({
      time: '2026-11-21T01:02:03.045Z',
      listener: 'web',
      route: 'r',
      pool: 'shop',
      version: 'v1',
      endpoint: '127.0.0.1:1',
      method: 'GET',
      authority: 'a.b',
      target: '/x?y',
      client: '::1',
      requestId: 'id',
      status: 200,
      outcome: 'ok',
      reason: 'weight',
      attempts: 1,
      durationMs: 12.346,
      firstByteMs: 1.5,
      bytesIn: 3,
      bytesOut: 1234,
    });
  });

  it.each([
    ['/a?token=abc&b=c', '/a?token=***&b=c'],
    ['/a?%74oken=abc', '/a?%74oken=***'],
    ['/a?code=abc', '/a?code=***'],
    ['/a;jsessionid=abc?b=c', '/a;jsessionid=***?b=c'],
    ['http://u:p@h/', 'http://***@h/'],
    ['/a?b=c', '/a?b=c'],
    ['/a?X-Amz-Signature=abc', '/a?X-Amz-Signature=***'],
  ])('the target %j as %j', (target, shown) => {
    expect(JSON.parse(formatLine(observe({ target })))).toMatchObject({ target: shown });
  });

  it('writes a connection that was passed through with what is known of it', () => {
    const log = collect(1);
    const names = {
      listener: 'edge',
      pool: 'db',
      version: 'v1',
      deploy: 'd-1',
      endpoint: '127.0.0.1:1',
      serverName: 'db.test',
      client: '::1',
    };
    const ends = { outcome: 'ok', detail: 'tunnel ended: client', reason: 'weight', attempts: 2, requestId: 'id' };
    const observed = observe({ protocol: 'tcp', ...names, ...ends, durationMs: 5.5, firstByteMs: -1, bytesIn: 3, bytesOut: 4 });
    log.log.record(observed);
    log.log.flush();
    expect(log.chunks).toEqual([formatConnectionLine(observed)]);
    expect(JSON.parse(log.chunks[0]!)).toEqual({
      ...{ time: '1970-01-01T00:00:00.000Z', protocol: 'tcp', ...names, ...ends },
      ...{ durationMs: 5.5, firstByteMs: -1, bytesIn: 3, bytesOut: 4 },
    });
  });

  it('says the deploy of the version where there is one', () => {
    const { version, deploy } = JSON.parse(formatLine(observe({ version: 'v1', deploy: 'a "b" é' }))) as Record<string, string>;
    expect([version, deploy]).toEqual(['v1', 'a "b" é']);
    expect(formatLine(observe({ version: 'v1' }))).not.toContain('deploy');
  });

  it('holds lines back until flush, and hands them on at once when full', () => {
    const { log, chunks, lines } = collect(1);
    log.record(observe({ target: '/a' }));
    expect(chunks).toEqual([]);
    log.flush();
    log.flush();
    expect(chunks).toHaveLength(1);
    const target = 'x'.repeat(8000);
    for (let n = 0; n < 20; n++) log.record(observe({ target }));
    expect(chunks.length).toBeGreaterThanOrEqual(2);
    for (const chunk of chunks) expect(chunk.length).toBeLessThan(CHUNK_CHARACTERS + 10_000);
    log.flush();
    expect(lines()).toBe(21);
  });

  it.each([
    [1, 1000],
    [0.1, 100],
    [0.25, 250],
    [0.001, 1],
    [0, 0],
  ])('a sample of %d logs %d of 1000, evenly', (sample, expected) => {
    const { log, targets } = collect(sample);
    for (let n = 0; n < 1000; n++) log.record(observe({ target: String(n) }));
    log.flush();
    const numbers = targets().map(Number);
    expect(numbers).toHaveLength(expected);
    const gaps = numbers.slice(1).map((n, index) => n - numbers[index]!);
    for (const gap of gaps) expect(gap).toBe(Math.round(1 / sample));
  });

  it('takes a new share from a reload', () => {
    const { log, lines } = collect(0);
    log.record(observe());
    log.resample(1);
    log.record(observe());
    log.flush();
    expect(lines()).toBe(1);
  });

  it.each([Number.NaN, Infinity, -1, 8.64e15 + 1, 0, 999.9])('stays valid with a time of %d', (startedAtMs) => {
    const line = formatLine(observe({ startedAtMs, durationMs: startedAtMs, bytesIn: startedAtMs, status: startedAtMs }));
    expect((JSON.parse(line) as { time: string }).time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });
});
