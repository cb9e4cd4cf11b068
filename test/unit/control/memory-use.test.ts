import { expect, test } from 'vitest';
import { MemoryUse } from '../../../src/control/memory-use.ts';

test('while the process grows, all that it holds is in use', () => {
  const use = new MemoryUse();
  expect(use.estimate(200, 80)).toBe(200);
  expect(use.estimate(300, 180)).toBe(300);
  expect(use.estimate(300, 180)).toBe(300);
});

test('what it has freed and still holds is not in use', () => {
  const use = new MemoryUse();
  use.estimate(200, 80);
  use.estimate(400, 280);
  expect(use.estimate(400, 80)).toBe(200);
  expect(use.estimate(396, 100)).toBe(220);
});

test('what it gives back to the system is not in use either', () => {
  const use = new MemoryUse();
  use.estimate(400, 280);
  expect(use.estimate(150, 100)).toBe(150);
});

test('what is taken again is in use again', () => {
  const use = new MemoryUse();
  use.estimate(400, 280);
  use.estimate(400, 80);
  expect(use.estimate(400, 280)).toBe(400);
});

test('a little more than ever is noise, and does not bring back what was freed', () => {
  const use = new MemoryUse();
  use.estimate(1000, 800);
  expect(use.estimate(1004, 100)).toBe(300);
});

test('growth beyond what it ever was shows that what was freed is of no use: all counts', () => {
  const use = new MemoryUse();
  use.estimate(1000, 800);
  use.estimate(1000, 100);
  expect(use.estimate(1050, 110)).toBe(1050);
});

test('heaps that were weighed a moment before the process grew do not count twice for ever', () => {
  const use = new MemoryUse();
  expect(use.estimate(400, 100)).toBe(400);
  expect(use.estimate(400, 300)).toBe(400);
  expect(use.estimate(400, 100)).toBe(200);
});

test('heaps may account for more than is resident', () => {
  expect(new MemoryUse().estimate(100, 150)).toBe(100);
});
