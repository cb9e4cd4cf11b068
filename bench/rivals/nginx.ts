// nginx with one worker, in two shapes: as it is mostly run, and with buffers chosen for what the bench sends.
// Both keep connections to the upstream and write no log.

import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled, startChild } from '../machine/children.ts';
import { freePort } from '../machine/ports.ts';
import { makeCertificate } from './certificate.ts';
import type { BenchCertificate } from './certificate.ts';
import type { Rival } from './rival.ts';

/** The reference of the budgets: its own defaults for buffers, so that an upload is read whole, into a file, before it goes on. */
export const nginx = nginxWith('nginx', '');

/** Few, large reads; uploads stream, as in the other rivals. */
export const nginxTuned = nginxWith(
  'nginx-tuned',
  `
      client_body_buffer_size 256k;
      proxy_request_buffering off;
      proxy_buffer_size 16k;
      proxy_buffers 8 16k;
      proxy_busy_buffers_size 32k;`,
);

/** Over TLS, with tickets, as it is by default. */
export const secureNginx = nginxWith('nginx', '', true);

/** By HTTP/2 alone, and over TLS as it is agreed on. */
export const http2Nginx = nginxWith('nginx', '', false, undefined, true);
export const secureHttp2Nginx = nginxWith('nginx', '', true, undefined, true);

/** Passes a change of protocol on, which it does only where it is told to. */
export const upgradingNginx = nginxWith(
  'nginx',
  `
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_read_timeout 600s;
      proxy_send_timeout 600s;`,
  false,
  '',
);

function nginxWith(name: string, tuning: string, secure = false, connection = 'proxy_set_header Connection "";', http2 = false): Rival {
  return {
    name,
    install: 'apt-get install nginx-light',
    available: () => isInstalled('nginx'),
    start: async (upstreamPort, dir) => {
      const port = await freePort();
      const file = join(dir, 'nginx.conf');
      writeFileSync(
        file,
        configuration({ port, upstreamPort, dir, connection, tuning, http2, tls: secure ? makeCertificate(dir) : undefined }),
      );
      // Started by root, its worker is another user, and must get to the directories for bodies.
      chmodSync(dir, 0o755);
      const child = startChild({ role: 'proxy', file: 'nginx', args: ['-p', dir, '-e', 'stderr', '-c', file] });
      return { port, pids: [child.pid], child, secure, speaksHttp2Alone: http2 && !secure };
    },
  };
}

function certificateLines({ certFile, keyFile }: BenchCertificate): string {
  return `\n    ssl_certificate ${certFile};\n    ssl_certificate_key ${keyFile};\n    ssl_protocols TLSv1.2 TLSv1.3;`;
}

interface Shape {
  readonly port: number;
  readonly upstreamPort: number;
  readonly dir: string;
  /** What it says of its connection to the upstream. */
  readonly connection: string;
  readonly tuning: string;
  readonly http2: boolean;
  readonly tls: BenchCertificate | undefined;
}

function configuration({ port, upstreamPort, dir, connection, tuning, http2, tls }: Shape): string {
  return `
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${dir}/nginx.pid;
error_log stderr error;
events { worker_connections 20000; }
http {
  access_log off;
  sendfile on;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  client_max_body_size 0;
  client_body_temp_path ${dir}/body;
  proxy_temp_path ${dir}/proxy;
  fastcgi_temp_path ${dir}/fastcgi;
  uwsgi_temp_path ${dir}/uwsgi;
  scgi_temp_path ${dir}/scgi;
  map $http_upgrade $connection_upgrade {
    default upgrade;
    '' '';
  }
  upstream app {
    server 127.0.0.1:${upstreamPort};
    keepalive 256;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port}${tls === undefined ? '' : ' ssl'}${http2 ? ' http2' : ''} backlog=4096;${tls === undefined ? '' : certificateLines(tls)}
    location / {
      proxy_pass http://app;
      proxy_http_version 1.1;
      ${connection}
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_max_temp_file_size 0;${tuning}
    }
  }
}
`;
}
