// In a process of its own, since hooks on modules stay for as long as one runs.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const REPOSITORY = join(import.meta.dirname, '../../..');

const SCRIPT = `
  const spares = process.argv[1] === 'spared';
  if (spares) (await import('./src/lib/spare-modules.js')).spareModules();
  const { z } = await import('zod');
  const told = z.string().safeParse(1).error.issues[0].message;
  console.log(JSON.stringify({ locales: Object.keys(z.locales ?? {}).length, told }));
`;

async function load(how: 'whole' | 'spared'): Promise<{ locales: number; told: string }> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', SCRIPT, how], { cwd: REPOSITORY });
  return JSON.parse(stdout) as { locales: number; told: string };
}

test('a library without the modules that nobody uses works as with them', async () => {
  const [whole, spared] = await Promise.all([load('whole'), load('spared')]);
  expect(whole.locales).toBeGreaterThan(10);
  expect(spared).toEqual({ locales: 0, told: whole.told });
});
