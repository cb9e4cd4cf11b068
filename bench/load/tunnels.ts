// Load of messages in open WebSockets: each connection sends one and waits until it is back. What is counted as a request is a message.

import type { Generator, Load, LoadOptions } from './load.ts';
import { run } from '../machine/children.ts';

export const tunnelGenerator: Generator = { name: 'messages in tunnels', load };

async function load({ request, connections, seconds }: LoadOptions): Promise<Load> {
  const program = new URL('tunnels-process.ts', import.meta.url).pathname;
  const args = [program, String(request.port), String(connections), String(seconds)];
  const output = await run({ role: 'load', file: process.execPath, args });
  const line = /^RESULT (.*)$/m.exec(output)?.[1];
  if (line === undefined) throw new Error(`no result of tunnels:\n${output}`);
  return JSON.parse(line) as Load;
}
