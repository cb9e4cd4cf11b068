// Every proxy that the bench knows, in the order of the table.

import { isInstalled } from '../machine/children.ts';
import { caddy } from './caddy.ts';
import { haproxy } from './haproxy.ts';
import { nginx, nginxTuned } from './nginx.ts';
import { fastProxy, httpProxy, httpProxyKept, relay, undiciProxy } from './node-servers.ts';
import type { Rival } from './rival.ts';
import { sluice } from './sluice.ts';

export const RIVALS: readonly Rival[] = [
  sluice,
  relay,
  nginx,
  nginxTuned,
  haproxy,
  caddy,
  undiciProxy,
  fastProxy,
  httpProxy,
  httpProxyKept,
];

/** One line per rival: whether it is there, and how to get it on Debian. */
export function describeInstallation(): string {
  const lines = RIVALS.map((rival) => `${rival.name.padEnd(12)} ${rival.available() ? 'found' : rival.install}`);
  const wrk = `${'wrk'.padEnd(12)} ${isInstalled('wrk') ? 'found' : 'apt-get install wrk'} (the generator; without it autocannon from npm)`;
  return ['Rivals and generator on this machine, and how to get what is missing on Debian:', ...lines, wrk].join('\n');
}
