// The floor: bytes go through, nothing is read, one upstream connection per client connection.
// Whatever a proxy on Node costs above this is what HTTP costs it.

import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

const upstreamPort = Number(process.argv[2]);

const server = createServer({ noDelay: true }, (downstream) => {
  const upstream = connect({ port: upstreamPort, host: '127.0.0.1', noDelay: true });
  relay(downstream, upstream);
  relay(upstream, downstream);
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => console.log(`port ${(server.address() as AddressInfo).port}`));

function relay(from: Socket, to: Socket): void {
  from.on('data', (chunk) => {
    if (!to.write(chunk)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.on('end', () => to.end());
  from.on('error', () => to.destroy());
  from.on('close', () => to.destroy());
}
