// The most used proxy package on npm, with an agent that keeps upstream connections, which it does not have by itself.

import { Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import httpProxy from 'http-proxy';

const agent = new Agent({ keepAlive: true, maxSockets: 256, maxFreeSockets: 256 });
const proxy = httpProxy.createProxyServer({ target: `http://127.0.0.1:${process.argv[2]}`, agent, xfwd: true });
proxy.on('error', (_error, _request, response) => {
  if (response.headersSent) response.destroy();
  else response.writeHead(502).end();
});

const server = createServer({ keepAliveTimeout: 600_000, requestTimeout: 0 }, (request, response) => proxy.web(request, response));
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => console.log(`port ${(server.address() as AddressInfo).port}`));
