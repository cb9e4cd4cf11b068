// Sluice itself: the real process with one worker, so that control thread and data thread share the measured core.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from '../machine/children.ts';
import { freePort } from '../machine/ports.ts';
import type { Rival } from './rival.ts';

const MAIN = new URL('../../src/app/main.ts', import.meta.url).pathname;

export const sluice: Rival = sluiceWith('sluice', 1);

/** Sluice with `count` routes; the last one, `/`, is the one that the load hits. */
export function sluiceWithRoutes(count: number): Rival {
  return sluiceWith(`${count.toLocaleString('en')} routes`, count);
}

function sluiceWith(name: string, routeCount: number): Rival {
  return {
    name,
    install: 'src/app/main.ts is missing',
    available: () => existsSync(MAIN),
    start: async (upstreamPort, dir) => {
      const [port, adminPort] = [await freePort(), await freePort()];
      const file = join(dir, 'sluice.yaml');
      writeFileSync(file, sluiceConfiguration({ port, adminPort, upstreamPort, routeCount }));
      const args = [MAIN, 'run', '--config', file, '--workers', '1'];
      const child = startChild({ role: 'proxy', file: process.execPath, args, env: { NODE_ENV: 'production' } });
      return { port, pids: [child.pid], child };
    },
  };
}

interface Shape {
  readonly port: number;
  readonly adminPort: number;
  readonly upstreamPort: number;
  readonly routeCount: number;
}

/** The YAML that is served; `routeCount` counts the last route too. */
export function sluiceConfiguration({ port, adminPort, upstreamPort, routeCount }: Shape): string {
  const others = Array.from({ length: routeCount - 1 }, (_, index) => otherRoute(index));
  return `
listeners:
  - name: web
    address: 127.0.0.1:${port}
    limits: { connections: 0, idleTimeout: 10m }
admin: { address: 127.0.0.1:${adminPort} }
state: memory
pools:
  app:
    versions:
      v1: { endpoints: [127.0.0.1:${upstreamPort}] }
routes:
${others.join('')}  - { name: last, match: [{ path: { prefix: / } }], pool: app }
`;
}

/** A mix as tables have it: half by host, half by path below shared folders. None matches the load. */
function otherRoute(index: number): string {
  const team = index % 50;
  return index % 2 === 0
    ? `  - { name: r${index}, hosts: [app-${index}.team-${team}.example], match: [{ path: { prefix: / } }], pool: app }\n`
    : `  - { name: r${index}, match: [{ path: { prefix: /team-${team}/app-${index} } }], pool: app }\n`;
}
