import { expect, test } from 'vitest';
import { createHumanLog } from '../../../src/lib/human-log.ts';
import type { LogLevel } from '../../../src/lib/log.ts';

const NOON = new Date(2026, 0, 31, 12, 5, 9).getTime();

function open(level: LogLevel | 'silent' = 'info', isColoured = false) {
  const lines: string[] = [];
  return { lines, log: createHumanLog({ level, isColoured, write: (text) => void lines.push(text), wallMs: () => NOON }) };
}

test('what happened comes first, then its facts', () => {
  const { log, lines } = open();
  log.info({ revision: 3, workers: { applied: 2, total: 2 }, changes: [] }, 'config applied');
  log.warn({ pool: 'shop', endpoint: '127.0.0.1:9001', detail: 'status 500', times: undefined }, 'endpoint ejected');
  log.error({ at: 's.yaml:3:5: no such key', path: 'pools' }, 'config problem');
  expect(lines).toEqual([
    '12:05:09 config applied  revision=3 workers={"applied":2,"total":2} changes=[]\n',
    '12:05:09 warning: endpoint ejected  pool=shop endpoint=127.0.0.1:9001 detail="status 500"\n',
    '12:05:09 error: config problem: s.yaml:3:5: no such key  path=pools\n',
  ]);
});

test('an error is told with where it comes from', () => {
  const { log, lines } = open();
  log.error({ err: new TypeError('boom') }, 'a worker died');
  expect(lines[0]).toMatch(/^12:05:09 error: a worker died: boom\n {4}at .*human-log\.test/);
});

test('levels below the one that is asked for say nothing', () => {
  for (const [level, count] of [
    ['debug', 4],
    ['info', 3],
    ['warn', 2],
    ['error', 1],
    ['silent', 0],
  ] as const) {
    const { log, lines } = open(level);
    for (const each of ['debug', 'info', 'warn', 'error'] as const) log[each]({}, each);
    expect(lines, level).toHaveLength(count);
  }
});

test('nothing from outside reaches the terminal as a command, nor as a line of its own', () => {
  const { log, lines } = open();
  const hostile = 'a\u001b[2J\nb\u009b\u202e\r';
  log.warn({ endpoint: hostile, [hostile]: { deep: hostile }, err: new Error(hostile), at: hostile }, hostile);
  const [first = ''] = lines[0]!.split('\n    at ');
  expect(first.trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
});

test('colours only where they are wanted', () => {
  const { log, lines } = open('info', true);
  log.warn({ pool: 'shop' }, 'endpoint ejected');
  expect(lines[0]).toContain('\u001b[33mwarning: endpoint ejected');
});

test('what cannot be written is no fault', () => {
  const { log, lines } = open();
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  log.info({ circle, big: 5n, none: null }, 'odd');
  expect(lines).toEqual(['12:05:09 odd  circle="[object Object]" big=5 none=null\n'.replace('"[object Object]"', '[object Object]')]);
});
