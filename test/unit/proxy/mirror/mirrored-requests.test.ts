import { afterEach, describe, expect, test } from 'vitest';
import { Deadlines } from '../../../../src/lib/deadlines.ts';
import type { MirroredRequest } from '../../../../src/proxy/mirror/mirrored-request.ts';
import { MirroredRequests } from '../../../../src/proxy/mirror/mirrored-requests.ts';
import type { ResponseTap } from '../../../../src/proxy/mirror/response-tap.ts';
import { MIRRORED } from '../../../../src/telemetry/mirror-outcomes.ts';

const open: Deadlines[] = [];
const faults: unknown[] = [];

afterEach(() => {
  for (const each of open.splice(0)) each.close();
  faults.length = 0;
});

function make(): MirroredRequests {
  const deadlines = new Deadlines();
  open.push(deadlines);
  return new MirroredRequests(deadlines, (error) => faults.push(error));
}

const thrower = (): never => {
  throw new Error('a fault of a tap');
};

describe('copies', () => {
  test('are used again, without their tap', () => {
    const all = make();
    const copy = all.take();
    copy.tap = {} as ResponseTap;
    all.put(copy);
    expect([all.take(), copy.tap]).toEqual([copy, undefined]);
    expect(all.take()).not.toBe(copy);
  });

  test('that are kept for later are bounded', () => {
    const all = make();
    const copies = Array.from({ length: 300 }, () => all.take());
    for (const copy of copies) all.put(copy);
    const again = Array.from({ length: 300 }, () => all.take());
    expect(again.filter((copy) => copies.includes(copy))).toHaveLength(256);
  });

  test('together keep so much and no more', () => {
    const all = make();
    all.waits(32 * 1024 * 1024);
    expect(all.isFull).toBe(false);
    all.waits(1);
    expect(all.isFull).toBe(true);
    all.waits(-1);
    expect(all.isFull).toBe(false);
  });
});

describe('when memory runs short', () => {
  test('no copies are made, and those under way let go of theirs', () => {
    const all = make();
    const freed: string[] = [];
    const copy = (name: string): MirroredRequest => ({ freeMemory: () => void freed.push(name) }) as unknown as MirroredRequest;
    const [first, second] = [copy('first'), copy('second')];
    all.began(first);
    all.began(second);
    all.ended(first);
    all.press(0);
    expect([all.pressed, freed]).toEqual([false, []]);
    all.press(1);
    expect([all.pressed, freed]).toEqual([true, ['second']]);
    all.press(0);
    expect(all.pressed).toBe(false);
  });
});

describe('what looks at copies', () => {
  test('is asked, where there is anything', () => {
    const all = make();
    expect(all.tapOf({} as never, {} as never, {} as never)).toBeUndefined();
    const tap = {} as ResponseTap;
    all.createTap = () => tap;
    expect(all.tapOf({} as never, {} as never, {} as never)).toBe(tap);
  });

  test('may fail without harm', () => {
    const all = make();
    all.createTap = thrower;
    expect(all.tapOf({} as never, {} as never, {} as never)).toBeUndefined();
    all.tellEnd({ onCopyEnd: thrower } as unknown as ResponseTap, 'candidate', MIRRORED.ok);
    expect(faults).toHaveLength(2);
  });
});
