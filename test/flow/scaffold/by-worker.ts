// Connections that are known to be on different workers: an upstream tells the request id, whose first characters are the worker's.

import { connectTo } from './client.ts';
import { eventually } from './eventually.ts';
import type { Sluice } from './sluice.ts';
import type { Wire } from './wire.ts';

const PREFIX_CHARACTERS = 12;

/** One kept connection per worker. `path` leads to an upstream that gives back x-request-id. */
export async function connectToEach(sluice: Sluice, workers: number, path = '/'): Promise<Wire[]> {
  const found = new Map<string, Wire>();
  await eventually(`a connection on each of ${workers} workers`, async () => {
    const wire = await connectTo(sluice);
    const worker = await workerOf(wire, path);
    if (found.has(worker)) wire.destroy();
    else found.set(worker, wire);
    return found.size === workers;
  });
  return [...found.values()];
}

/** A name of the worker that serves this connection, unique to its life. */
export async function workerOf(wire: Wire, path = '/'): Promise<string> {
  await wire.write(`GET ${path} HTTP/1.1\r\nhost: a.example\r\n\r\n`);
  const response = await wire.readMessage();
  return (response.field('x-request-id') ?? '').slice(0, PREFIX_CHARACTERS);
}
