// The generator of handshakes: PORT CONNECTIONS SECONDS full|resumed.

import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';

const [port, connections, seconds, kind] = process.argv.slice(2);
const endMs = performance.now() + Number(seconds) * 1000;
const latencies: number[] = [];
let session: Buffer | undefined;
let errors = 0;
let unresumed = 0;

/** One connection after the other until the time is up. */
async function work(): Promise<void> {
  while (performance.now() < endMs) {
    const beganMs = performance.now();
    try {
      await once(kind === 'resumed' ? session : undefined);
      latencies.push(performance.now() - beganMs);
    } catch {
      errors++;
    }
  }
}

function once(offered: Buffer | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({
      host: '127.0.0.1',
      port: Number(port),
      servername: 'bench.test',
      rejectUnauthorized: false,
      ...(offered === undefined ? {} : { session: offered }),
    });
    socket.setNoDelay(true);
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      if (offered !== undefined && !socket.isSessionReused()) unresumed++;
      socket.write('GET / HTTP/1.1\r\nHost: bench.test\r\nConnection: close\r\n\r\n');
    });
    socket.on('session', (given: Buffer) => (session ??= given));
    socket.resume();
    socket.once('close', () => resolve());
  });
}

// The first one gives the session that the others resume.
await once(undefined);
await Promise.all(Array.from({ length: Number(connections) }, work));
latencies.sort((a, b) => a - b);
const at = (share: number): number => Math.round((latencies[Math.floor(latencies.length * share)] ?? 0) * 1000);
const result = {
  requests: latencies.length,
  seconds: Number(seconds),
  p50Micros: at(0.5),
  p99Micros: at(0.99),
  errors: errors + unresumed,
};
console.log(`RESULT ${JSON.stringify(result)}`);
