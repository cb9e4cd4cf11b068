// fast-proxy with undici as its client, the faster of its two ways.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fastProxy from 'fast-proxy';

const { proxy } = fastProxy({ base: `http://127.0.0.1:${process.argv[2]}`, undici: { connections: 256, pipelining: 1 } });

const server = createServer({ keepAliveTimeout: 600_000, requestTimeout: 0 }, (request, response) => {
  request.headers['x-forwarded-for'] = request.socket.remoteAddress;
  proxy(request, response, request.url ?? '/', {});
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => console.log(`port ${(server.address() as AddressInfo).port}`));
