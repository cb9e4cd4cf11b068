// HAProxy with one thread and shared keep-alive connections to the upstream.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled, startChild } from '../machine/children.ts';
import { freePort } from '../machine/ports.ts';
import type { Rival } from './rival.ts';

export const haproxy: Rival = {
  name: 'haproxy',
  install: 'apt-get install haproxy',
  available: () => isInstalled('haproxy'),
  start: async (upstreamPort, dir) => {
    const port = await freePort();
    const file = join(dir, 'haproxy.cfg');
    writeFileSync(file, configuration(port, upstreamPort));
    const child = startChild({ role: 'proxy', file: 'haproxy', args: ['-db', '-f', file] });
    return { port, pids: [child.pid], child };
  },
};

function configuration(port: number, upstreamPort: number): string {
  return `
global
  nbthread 1
  maxconn 9000
defaults
  mode http
  option forwardfor
  http-reuse always
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 600s
frontend web
  bind 127.0.0.1:${port} backlog 4096
  default_backend app
backend app
  server upstream 127.0.0.1:${upstreamPort}
`;
}
