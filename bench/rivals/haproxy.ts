// HAProxy with one thread and shared keep-alive connections to the upstream.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled, startChild } from '../machine/children.ts';
import { freePort } from '../machine/ports.ts';
import { makeCertificate } from './certificate.ts';
import type { Rival } from './rival.ts';

export const haproxy = haproxyWith(false);
/** Over TLS. */
export const secureHaproxy = haproxyWith(true);
/** By HTTP/2 alone, and over TLS as it is agreed on. */
export const http2Haproxy = haproxyWith(false, true);
export const secureHttp2Haproxy = haproxyWith(true, true);

function haproxyWith(secure: boolean, http2 = false): Rival {
  return {
    name: 'haproxy',
    install: 'apt-get install haproxy',
    available: () => isInstalled('haproxy'),
    start: async (upstreamPort, dir) => {
      const port = await freePort();
      const file = join(dir, 'haproxy.cfg');
      const pem = secure ? pemOf(dir) : undefined;
      const manner = pem === undefined ? (http2 ? ' proto h2' : '') : ` ssl crt ${pem} alpn ${http2 ? 'h2,' : ''}http/1.1`;
      writeFileSync(file, configuration(port, upstreamPort, manner));
      const child = startChild({ role: 'proxy', file: 'haproxy', args: ['-db', '-f', file] });
      return { port, pids: [child.pid], child, secure, speaksHttp2Alone: http2 && !secure };
    },
  };
}

/** It wants both in one file. */
function pemOf(dir: string): string {
  const { certFile, keyFile } = makeCertificate(dir);
  const file = join(dir, 'both.pem');
  writeFileSync(file, readFileSync(certFile, 'utf8') + readFileSync(keyFile, 'utf8'));
  return file;
}

function configuration(port: number, upstreamPort: number, manner: string): string {
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
  timeout tunnel 600s
frontend web
  bind 127.0.0.1:${port}${manner} backlog 4096
  default_backend app
backend app
  server upstream 127.0.0.1:${upstreamPort}
`;
}
