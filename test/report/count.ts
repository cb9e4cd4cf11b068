// Reads Vitest's JSON report and prints `N passed, N failed[, N skipped]`.
// Usage: node test/report/count.ts FILE EXIT_CODE. It must print that line whatever the file holds.

import { readFileSync } from 'node:fs';

export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What this needs of a report; the fields are those of Jest's JSON format, which Vitest writes too. */
export interface Report {
  readonly testResults?: readonly { readonly status?: string; readonly assertionResults?: readonly { readonly status?: string }[] }[];
}

/**
 * Counts tests. A file that fails without a failing test of its own (it does not load, a hook breaks) counts as one failure, and so does
 * a run that ended badly without any failure in the report (an error outside every test, a crash before the report was written).
 */
export function countTests(report: Report, exitCode: number): Count {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  for (const file of report.testResults ?? []) {
    const statuses = (file.assertionResults ?? []).map((test) => test.status);
    const failedHere = statuses.filter((status) => status === 'failed').length;
    const passedHere = statuses.filter((status) => status === 'passed').length;
    passed += passedHere;
    skipped += statuses.length - passedHere - failedHere;
    failed += failedHere === 0 && file.status === 'failed' ? 1 : failedHere;
  }
  if (exitCode !== 0 && failed === 0) failed = 1;
  return { passed, failed, skipped };
}

export function formatCount(count: Count): string {
  const line = `${count.passed} passed, ${count.failed} failed`;
  return count.skipped === 0 ? line : `${line}, ${count.skipped} skipped`;
}

/** An unreadable report is an empty one: the exit code then tells the failure. */
export function parseReport(text: string): Report {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

if (import.meta.main) {
  const [file = '', exitCode = '1'] = process.argv.slice(2);
  console.log(formatCount(countTests(parseReport(readFileSync(file, 'utf8')), Number(exitCode))));
}
