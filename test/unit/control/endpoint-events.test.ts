import { expect, test } from 'vitest';
import { EndpointEvents } from '../../../src/control/endpoint-events.ts';
import { ManualClock } from '../../scaffold/manual-clock.ts';

function open() {
  const clock = new ManualClock();
  const lines: [string, object][] = [];
  const journal = { record: async (kind: string, _by: object, detail: object) => void lines.push([kind, detail]) };
  return { clock, lines, events: new EndpointEvents({ journal, revision: () => 4, clock }) };
}

const endpoint = (name: number) => ({ pool: 'shop', version: 'v1', endpoint: `a:${name}` });

test('each change has its line', () => {
  const { lines, events } = open();
  events.tell('unhealthy', { ...endpoint(1), result: 'status' });
  events.tell('ejected', endpoint(1));
  expect(lines).toEqual([
    ['unhealthy', { ...endpoint(1), result: 'status' }],
    ['ejected', endpoint(1)],
  ]);
});

test('a crowd of them is told as one', () => {
  const { clock, lines, events } = open();
  for (let index = 0; index < 20_000; index++) events.tell(index % 2 === 0 ? 'unhealthy' : 'ejected', endpoint(index));
  expect(lines).toHaveLength(20);
  clock.advance(10_000);
  expect(lines.slice(20)).toEqual([['endpoints', { unhealthy: 9990, ejected: 9990 }]]);
  events.tell('healthy', endpoint(1));
  expect(lines).toHaveLength(22);
  clock.advance(60_000);
  expect(lines).toHaveLength(22);
  expect(clock.pending).toBe(0);
});
