// Load by autocannon, in a process of its own: slower than most proxies here, but CPU per request does not depend on who asks.

import type { Generator, Load, LoadOptions } from './load.ts';
import { run } from '../machine/children.ts';

export const autocannonGenerator: Generator = { name: 'autocannon', load };

async function load(options: LoadOptions): Promise<Load> {
  const program = new URL('autocannon-process.ts', import.meta.url).pathname;
  const output = await run({ role: 'load', file: process.execPath, args: [program, JSON.stringify(options)] });
  const line = /^RESULT (.*)$/m.exec(output)?.[1];
  if (line === undefined) throw new Error(`autocannon printed no result:\n${output}`);
  return JSON.parse(line) as Load;
}
