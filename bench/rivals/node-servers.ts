// The rivals that are small Node programs of ours, in bench/servers.

import { startServer } from '../machine/children.ts';
import type { Rival } from './rival.ts';

export const relay = nodeServer('relay', 'relay.ts');
export const undiciProxy = nodeServer('undici', 'undici-proxy.ts');
export const fastProxy = nodeServer('fast-proxy', 'fast-proxy.ts');
export const httpProxy = nodeServer('http-proxy', 'http-proxy.ts');
export const httpProxyKept = nodeServer('http-proxy+keepalive', 'http-proxy-keepalive.ts');

function nodeServer(name: string, program: string): Rival {
  return {
    name,
    install: 'npm ci',
    available: () => true,
    start: async (upstreamPort) => {
      const { child, port } = await startServer('proxy', program, upstreamPort);
      return { port, pids: [child.pid], child };
    },
  };
}
