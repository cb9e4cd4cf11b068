import { expect, test } from 'vitest';
import type { OverloadConfig } from '../../../src/config/model.ts';
import { MemoryWatch } from '../../../src/control/memory-watch.ts';
import { createLog } from '../../../src/lib/json-log.ts';
import { ManualClock } from '../../scaffold/manual-clock.ts';

const LIMIT = 1000;

function watch() {
  const clock = new ManualClock();
  const seen = { levels: [] as number[], collections: 0, logs: [] as Record<string, unknown>[] };
  const state = { processBytes: 500, live: 300, overload: { memoryBytes: LIMIT } as OverloadConfig };
  const memory = new MemoryWatch({
    clock,
    log: createLog({
      level: 'info',
      name: 'test',
      output: { write: (line) => void seen.logs.push(JSON.parse(line) as Record<string, unknown>) },
    }),
    overload: () => state.overload,
    findLimit: ({ memoryBytes }) => ({ limitBytes: memoryBytes === 'auto' ? 0 : memoryBytes, processBytes: () => state.processBytes }),
    liveBytes: () => state.live,
    onPressure: (level) => seen.levels.push(level),
    onCollect: () => seen.collections++,
  });
  /** Grows or shrinks the process by live memory and lets time pass. */
  const hold = (processBytes: number, forMs = 250): void => {
    state.live += processBytes - state.processBytes;
    state.processBytes = processBytes;
    clock.advance(forMs);
  };
  return { memory, clock, seen, state, hold };
}

test('tells each level once, on the way up and on the way down', () => {
  const { seen, hold } = watch();
  for (const processBytes of [600, 930, 930, 960, 990, 990]) hold(processBytes);
  hold(940, 1000);
  hold(100, 1000);
  expect(seen.levels).toEqual([1, 2, 3, 2, 0]);
});

test('a rise is a warning with figures, a fall is not', () => {
  const { seen, hold } = watch();
  hold(960);
  hold(500, 1000);
  expect(seen.logs).toMatchObject([
    { level: 40, msg: 'memory runs short: load is shed' },
    { level: 30, msg: 'memory suffices again' },
  ]);
  expect(seen.logs[0]).toMatchObject({ pressure: 2, usedBytes: 960, processBytes: 960, limitBytes: LIMIT });
});

test('memory that is freed but not given back ends the pressure', () => {
  const { memory, clock, state, seen, hold } = watch();
  hold(990);
  state.live -= 400;
  clock.advance(1000);
  expect(seen.levels).toEqual([3, 0]);
  expect(memory.sample).toEqual({ level: 0, usedBytes: 590, limitBytes: LIMIT });
});

test('garbage is collected before anything is shed, ever more rarely when that does not help', () => {
  const { seen, hold } = watch();
  hold(879, 10_000);
  expect(seen.collections).toBe(0);
  hold(900, 250);
  expect(seen).toMatchObject({ collections: 1, levels: [] });
  hold(900, 59_000);
  expect(seen.collections).toBe(4);
});

test('garbage is collected every two seconds while load is shed', () => {
  const { seen, hold } = watch();
  hold(960, 20_000);
  expect(seen.collections).toBe(10);
});

test('a limit that comes, changes or goes with a config holds from the next look on', () => {
  const { memory, state, seen, hold } = watch();
  state.overload = { memoryBytes: 0 };
  hold(990, 1000);
  expect(memory.sample).toEqual({ level: 0, usedBytes: 0, limitBytes: 0 });
  state.overload = { memoryBytes: LIMIT };
  hold(990);
  expect(memory.level).toBe(3);
  state.overload = { memoryBytes: 2 * LIMIT };
  hold(990, 1000);
  expect(seen.levels).toEqual([3, 0]);
});

test('after its end it looks no more', () => {
  const { memory, seen, hold } = watch();
  memory.close();
  hold(990, 1000);
  expect(seen).toMatchObject({ levels: [], collections: 0 });
});

test('far below the limit and standing still, every fourth look is enough; what stirs is looked at again four times a second', () => {
  const { clock, state } = watch();
  let looks = 0;
  Object.defineProperty(state, 'live', { get: () => (looks++, 100) });
  const looksIn = (ms: number): number => {
    looks = 0;
    clock.advance(ms);
    return looks;
  };
  state.processBytes = 200;
  looksIn(500);
  expect(looksIn(4_000)).toBe(4);
  state.processBytes = 300;
  // Seen with the next look, at the latest after a second; the one after that comes soon.
  looksIn(1_000);
  expect(looksIn(250)).toBe(1);
  looksIn(1_000);
  expect(looksIn(4_000)).toBe(4);
  state.processBytes = 600;
  looksIn(2_000);
  expect(looksIn(4_000)).toBe(16);
});
