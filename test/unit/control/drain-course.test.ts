import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DrainCourse } from '../../../src/control/drain-course.ts';

/** A course of 100 seen each second; returns it with what is left after so many seconds. */
function follow(left: (seconds: number) => number, seconds: number): DrainCourse {
  const course = new DrainCourse(0, left(0));
  for (let second = 1; second <= seconds; second++) course.see(second * 1000, left(second));
  return course;
}

describe('DrainCourse', () => {
  it('says nothing before anything has ended, and 0 when nothing is left', () => {
    const course = new DrainCourse(5, 3);
    expect(course.estimateMs).toBeUndefined();
    course.see(1005, 3);
    expect(course.estimateMs).toBeUndefined();
    course.see(1005, 0);
    expect(course.estimateMs).toBe(0);
    expect(new DrainCourse(0, 0).estimateMs).toBe(0);
  });

  it.each([2, 5, 9])('a steady pace goes on: after %d of 10 s the rest is left', (seconds) => {
    expect(follow((second) => 100 - 10 * second, seconds).estimateMs).toBe((10 - seconds) * 1000);
  });

  it.each([5, 10, 20])('one that becomes slower and slower takes longer than a straight line says: after %d s', (seconds) => {
    const course = follow((second) => 10_000 * Math.exp(-second / 10), seconds);
    const left = 10_000 * Math.exp(-seconds / 10);
    // The last of n ends after H(n) mean times; each takes 10 s.
    const right = (Math.log(left) + 0.5772) * 10_000;
    expect(course.estimateMs).toBeGreaterThan(right * 0.9);
    expect(course.estimateMs).toBeLessThan(right * 1.1);
    expect(course.estimateMs).toBeGreaterThan((left * seconds * 1000) / (10_000 - left));
  });

  it('grows while nothing ends, and shrinks when something does', () => {
    const course = follow((second) => 10 - second, 5);
    const before = course.estimateMs!;
    course.see(15_000, 5);
    const stuck = course.estimateMs!;
    course.see(15_001, 1);
    expect(stuck).toBeGreaterThan(before);
    expect(course.estimateMs).toBeLessThan(stuck);
  });

  it('takes what comes after all for what was there', () => {
    const course = new DrainCourse(0, 2);
    course.see(1000, 8);
    expect(course.estimateMs).toBeUndefined();
    course.see(2000, 4);
    expect(course.estimateMs).toBeGreaterThan(0);
  });

  it('is a finite number of milliseconds, whatever is seen', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: -10, max: 5000 }), fc.nat(1000)), { maxLength: 30 }), fc.nat(1000), (seen, first) => {
        const course = new DrainCourse(0, first);
        let nowMs = 0;
        for (const [ms, left] of seen) course.see((nowMs += ms), left);
        const { estimateMs } = course;
        return estimateMs === undefined || (Number.isInteger(estimateMs) && estimateMs >= 0);
      }),
    );
  });
});
