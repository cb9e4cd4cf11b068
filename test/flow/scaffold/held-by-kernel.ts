// Bytes on their way: what the kernel holds of a loopback connection, in the queues of both ends. Reads /proc.

import { readFileSync } from 'node:fs';

/** Bytes that one end has written and the other has not read, in both directions. IPv4. @param connecting port of the end that connected */
export function heldByKernel(connecting: number | undefined): number {
  const port = `:${connecting!.toString(16).toUpperCase().padStart(4, '0')}`;
  let held = 0;
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n').slice(1)) {
    const [, local = '', remote = '', , queues = ''] = line.trim().split(/\s+/);
    if (!local.endsWith(port) && !remote.endsWith(port)) continue;
    for (const queue of queues.split(':')) held += Number.parseInt(queue, 16);
  }
  return held;
}
