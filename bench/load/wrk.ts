// Load by wrk: cheap enough that one core of it can drive any proxy to its limit.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Generator, Load, LoadOptions } from './load.ts';
import { run } from '../machine/children.ts';
import { BROWSER_HEADERS } from './request.ts';
import type { LoadRequest } from './request.ts';

export const wrkGenerator: Generator = { name: 'wrk', load };

async function load(options: LoadOptions): Promise<Load> {
  const script = join(options.dir, 'wrk.lua');
  writeFileSync(script, scriptFor(options.request));
  const url = `${options.request.secure === true ? 'https' : 'http'}://127.0.0.1:${options.request.port}${options.request.path}`;
  const counts = ['-t1', `-c${options.connections}`, `-d${options.seconds}s`, '--timeout', '10s', '--latency', '-s', script];
  const output = await run({ role: 'load', file: 'wrk', args: [...counts, url] });
  const line = /^RESULT (.*)$/m.exec(output)?.[1];
  if (line === undefined) throw new Error(`wrk printed no result:\n${output}`);
  return JSON.parse(line) as Load;
}

/** Sets the fields of wrk's own request and no `request` function, so that wrk builds the bytes once. */
function scriptFor(request: LoadRequest): string {
  const headers = Object.entries(BROWSER_HEADERS).map(([name, value]) => `wrk.headers[${quote(name)}] = ${quote(value)}`);
  const body = request.bodyBytes > 0 ? ['wrk.method = "POST"', `wrk.body = string.rep("x", ${request.bodyBytes})`] : [];
  return [...headers, ...body, DONE].join('\n');
}

const DONE = `
function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\\nRESULT {"requests": %d, "seconds": %.6f, "p50Micros": %d, "p99Micros": %d, "errors": %d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
`;

function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
