// Load of connections over TLS: each is opened, carries one request, and is closed. CPU per connection does not depend on who asks.

import type { Generator, Load, LoadOptions } from './load.ts';
import { run } from '../machine/children.ts';

export type HandshakeKind = 'full' | 'resumed';

export function handshakeGenerator(kind: HandshakeKind): Generator {
  return { name: `${kind} handshakes`, load: (options) => load(options, kind) };
}

async function load({ request, connections, seconds }: LoadOptions, kind: HandshakeKind): Promise<Load> {
  const program = new URL('handshakes-process.ts', import.meta.url).pathname;
  const args = [program, String(request.port), String(connections), String(seconds), kind];
  const output = await run({ role: 'load', file: process.execPath, args });
  const line = /^RESULT (.*)$/m.exec(output)?.[1];
  if (line === undefined) throw new Error(`no result of handshakes:\n${output}`);
  return JSON.parse(line) as Load;
}
