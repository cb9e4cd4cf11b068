import { describe, expect, it } from 'vitest';
import { countTests, formatCount, parseReport } from '../../report/count.ts';

const file = (status: string, ...tests: string[]) => ({ status, assertionResults: tests.map((each) => ({ status: each })) });

describe('countTests', () => {
  it('adds up the tests of all files', () => {
    const report = { testResults: [file('passed', 'passed', 'passed'), file('failed', 'passed', 'failed', 'failed')] };
    expect(countTests(report, 1)).toEqual({ passed: 3, failed: 2, skipped: 0 });
  });

  it('counts pending, skipped and todo as skipped', () => {
    expect(countTests({ testResults: [file('passed', 'passed', 'pending', 'skipped', 'todo')] }, 0)).toEqual({
      passed: 1,
      failed: 0,
      skipped: 3,
    });
  });

  it('counts a file that does not load as one failure', () => {
    expect(countTests({ testResults: [file('failed'), file('passed', 'passed')] }, 1)).toEqual({ passed: 1, failed: 1, skipped: 0 });
  });

  it('counts an error outside every test as one failure', () => {
    expect(countTests({ testResults: [file('passed', 'passed')] }, 1)).toEqual({ passed: 1, failed: 1, skipped: 0 });
    expect(countTests({}, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});

describe('parseReport', () => {
  it.each(['', 'null', '[', '3'])('reads %j as an empty report', (text) => {
    expect(parseReport(text)).toEqual({});
  });
});

describe('formatCount', () => {
  it('names skipped tests only when there are some', () => {
    expect(formatCount({ passed: 2, failed: 0, skipped: 0 })).toBe('2 passed, 0 failed');
    expect(formatCount({ passed: 2, failed: 1, skipped: 3 })).toBe('2 passed, 1 failed, 3 skipped');
  });
});
