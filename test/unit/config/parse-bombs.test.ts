// Texts that are made to cost time, memory or the stack are refused at once, at their place. The list is what attacks used, and neighbours of it.

import { expect, test } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';
import { decodeEndpoints } from '../../../src/config/endpoint-file.ts';
import { bombs } from '../../scaffold/bombs.ts';

const KIB = 1024;
/** What it takes alone is a tenth of it. */
const MOST_MS = 2_000;

for (const [name, make] of bombs) {
  test.each([250, 8191])(`${name}, %i KiB`, (kib) => {
    const text = make(kib * KIB);
    for (const refuse of [
      () => decodeText('/etc/sluice.yaml', text).problems,
      () => decodeEndpoints('/etc/endpoints.yaml', text.slice(0, KIB * KIB)).problems,
    ]) {
      const before = process.cpuUsage();
      const problems = refuse();
      const { user, system } = process.cpuUsage(before);
      expect((user + system) / 1000).toBeLessThan(MOST_MS);
      expect(problems.length).toBeLessThanOrEqual(1_000);
      expect(problems[0]).toMatchObject({ line: expect.any(Number) as number, message: expect.stringMatching(/^.{5,400}$/s) as string });
    }
  });
}
