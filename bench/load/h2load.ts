// Load of HTTP/2 by h2load of nghttp2: many streams at once on each connection.

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../machine/children.ts';
import type { Generator, Load, LoadOptions } from './load.ts';
import { BROWSER_HEADERS } from './request.ts';

/** @param streams at once on each connection */
export function h2loadGenerator(streams: number): Generator {
  return { name: 'h2load', load: (options) => load(options, streams) };
}

async function load({ request, connections, seconds, dir }: LoadOptions, streams: number): Promise<Load> {
  const log = join(dir, 'h2load.log');
  rmSync(log, { force: true });
  const url = `${request.secure === true ? 'https' : 'http'}://127.0.0.1:${request.port}${request.path}`;
  const headers = Object.entries(BROWSER_HEADERS).flatMap(([name, value]) => ['-H', `${name.toLowerCase()}: ${value}`]);
  const counts = ['-t1', `-c${connections}`, `-m${streams}`, `-D${seconds}`, `--log-file=${log}`];
  const output = await run({ role: 'load', file: 'h2load', args: [...counts, ...headers, url] });
  const took = /^finished in ([\d.]+)(ms|s),/m.exec(output);
  const counted = /^requests: .*?(\d+) succeeded, (\d+) failed/m.exec(output);
  if (took === null || counted === null) throw new Error(`h2load printed no result:\n${output}`);
  const micros = latenciesIn(readFileSync(log, 'utf8'));
  return {
    requests: Number(counted[1]),
    seconds: Number(took[1]) / (took[2] === 'ms' ? 1000 : 1),
    p50Micros: micros[Math.floor(micros.length / 2)] ?? NaN,
    p99Micros: micros[Math.floor(micros.length * 0.99)] ?? NaN,
    errors: Number(counted[2]),
  };
}

/** In order. Each line: when it began, its status, and how long it took. */
function latenciesIn(log: string): number[] {
  const found = log.split('\n').map((line) => Number(line.split('\t')[2]));
  return found.filter((each) => each > 0).sort((one, other) => one - other);
}
