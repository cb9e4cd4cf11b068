// Sluice itself: the real process with one worker, so that control thread and data thread share the measured core.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from '../machine/children.ts';
import { freePort } from '../machine/ports.ts';
import { makeCertificate } from './certificate.ts';
import type { BenchCertificate } from './certificate.ts';
import type { Rival } from './rival.ts';

const MAIN = new URL('../../src/app/main.ts', import.meta.url).pathname;

export const sluice: Rival = sluiceWith('sluice', {});

/** Sluice with `count` routes; the last one, `/`, is the one that the load hits. */
export function sluiceWithRoutes(count: number): Rival {
  return sluiceWith(`${count.toLocaleString('en')} routes`, { routeCount: count });
}

/** Sluice that copies all requests, that compares the responses as well, and that does neither. */
export const MIRRORING: readonly Rival[] = [
  sluiceWith('no mirror', { versions: 2 }),
  sluiceWith('mirror', { versions: 2, mirror: '{ name: dark, version: v2 }' }),
  sluiceWith('mirror and compare', { versions: 2, mirror: '{ name: dark, version: v2, compare: {} }' }),
];

/** With room for tunnels, each of which is a connection to the upstream. */
export const tunnellingSluice: Rival = sluiceWith('sluice', { pool: 'limits: { connections: 0 }' });

/** Over TLS. */
export const secureSluice: Rival = sluiceWith('sluice', { secure: true });

function sluiceWith(
  name: string,
  { secure = false, ...shape }: Omit<Shape, 'port' | 'adminPort' | 'upstreamPort' | 'tls'> & { secure?: boolean },
): Rival {
  return {
    name,
    install: 'src/app/main.ts is missing',
    available: () => existsSync(MAIN),
    start: async (upstreamPort, dir) => {
      const [port, adminPort] = [await freePort(), await freePort()];
      const file = join(dir, 'sluice.yaml');
      const tls = secure ? { tls: makeCertificate(dir) } : {};
      writeFileSync(file, sluiceConfiguration({ port, adminPort, upstreamPort, ...shape, ...tls }));
      const args = [MAIN, 'run', '--config', file, '--workers', '1'];
      const child = startChild({ role: 'proxy', file: process.execPath, args, env: { NODE_ENV: 'production' } });
      return { port, pids: [child.pid], child, secure };
    },
  };
}

interface Shape {
  readonly port: number;
  readonly adminPort: number;
  readonly upstreamPort: number;
  /** The last one too; default: 1. */
  readonly routeCount?: number;
  /** All of them the one upstream; the first gets the requests. Default: 1. */
  readonly versions?: number;
  /** YAML of the weights; default: all for the first. */
  readonly split?: string;
  /** YAML of another line of the pool. */
  readonly pool?: string;
  /** YAML of the mirror of the pool. */
  readonly mirror?: string;
  readonly tls?: BenchCertificate;
}

/** The YAML that is served. */
export function sluiceConfiguration(shape: Shape): string {
  const { port, adminPort, upstreamPort, routeCount = 1, versions = 1, split = '{ v1: 1 }', pool, mirror, tls } = shape;
  const named = Array.from({ length: versions }, (_, index) => `      v${index + 1}: { endpoints: [127.0.0.1:${upstreamPort}] }\n`);
  const others = Array.from({ length: routeCount - 1 }, (_, index) => otherRoute(index));
  return `
listeners:
  - name: web
    address: 127.0.0.1:${port}
    limits: { connections: 0, idleTimeout: 10m }
${tls === undefined ? '' : `    tls: { certificates: [{ certFile: ${tls.certFile}, keyFile: ${tls.keyFile} }] }\n`}admin: { address: 127.0.0.1:${adminPort} }
state: memory
pools:
  app:
    versions:
${named.join('')}    split: ${split}
${pool === undefined ? '' : `    ${pool}\n`}${mirror === undefined ? '' : `    mirrors: [${mirror}]\n`}routes:
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
