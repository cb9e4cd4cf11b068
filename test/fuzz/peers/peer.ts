// Servers of others behind Sluice: which requests does each see in the bytes that Sluice forwards?

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '../../scaffold/free-port.ts';
import { endWithUs, eventually, isListening } from './reach.ts';

/** A request as a server saw it; all empty for bytes that it refused as no request. */
export interface Seen {
  readonly id: string;
  readonly method: string;
  readonly target: string;
}

export interface Peer {
  readonly name: string;
  readonly port: number;
  /** All that it saw until now, in order. */
  seen(): readonly Seen[];
  close(): Promise<unknown>;
}

export async function startNode(): Promise<Peer> {
  const seen: Seen[] = [];
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    seen.push({ id: String(request.headers['x-request-id'] ?? ''), method: request.method ?? '', target: request.url ?? '' });
    request.resume().once('end', () => response.end('ok'));
  });
  server.on('clientError', (_error, socket) => {
    seen.push({ id: '', method: '', target: '' });
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    name: `node ${process.version}`,
    port,
    seen: () => seen,
    close: () => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))),
  };
}

/** Undefined where it is not installed. */
export async function startNginx(dir: string): Promise<Peer | undefined> {
  if (spawnSync('nginx', ['-v']).status !== 0) return undefined;
  const port = await freePort();
  const log = join(dir, 'nginx.log');
  chmodSync(dir, 0o777);
  writeFileSync(log, '');
  chmodSync(log, 0o666);
  const file = join(dir, 'nginx.conf');
  writeFileSync(file, nginxConfiguration(port, dir, log));
  const child = endWithUs(spawn('nginx', ['-p', dir, '-e', 'stderr', '-c', file], { stdio: 'ignore' }));
  await eventually(() => isListening(port));
  const lines = (): string[] => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(0, -1) : []);
  return { name: 'nginx', port, seen: () => lines().map(readLine), close: () => end(child) };
}

function readLine(line: string): Seen {
  const { status, ...seen } = JSON.parse(line) as Seen & { readonly status: string };
  return status === '400' ? { id: '', method: '', target: '' } : seen;
}

function nginxConfiguration(port: number, dir: string, log: string): string {
  return `
daemon off;
worker_processes 1;
pid ${dir}/nginx.pid;
error_log /dev/null;
events { worker_connections 2000; }
http {
  log_format seen escape=json '{"id":"$http_x_request_id","method":"$request_method","target":"$request_uri","status":"$status"}';
  access_log ${log} seen;
  underscores_in_headers on;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  client_body_temp_path ${dir}/body;
  proxy_temp_path ${dir}/proxy; fastcgi_temp_path ${dir}/fastcgi; uwsgi_temp_path ${dir}/uwsgi; scgi_temp_path ${dir}/scgi;
  server { listen 127.0.0.1:${port}; location / { return 200 ok; } }
}
`;
}

/** Undefined where it is not installed. */
export async function startHaproxy(dir: string): Promise<Peer | undefined> {
  if (spawnSync('haproxy', ['-v']).status !== 0) return undefined;
  const port = await freePort();
  const file = join(dir, 'haproxy.cfg');
  writeFileSync(file, haproxyConfiguration(port));
  const seen: Seen[] = [];
  const child = endWithUs(spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'pipe', 'ignore'] }));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [, id = '', method = '', target = ''] = /^seen (\S*) (\S+) (.*)$/.exec(line) ?? [];
    seen.push(
      method === '<BADREQ>' || method === '-'
        ? { id: '', method: '', target: '' }
        : { id: id === '-' ? '' : id, method: unescape(method), target: unescape(target) },
    );
  });
  await eventually(() => isListening(port));
  return { name: 'haproxy', port, seen: () => seen, close: () => end(child) };
}

/** HAProxy writes bytes that could break a line of its log as `#` and two digits. */
function unescape(text: string): string {
  return text.replace(/#([0-9A-F]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}

function haproxyConfiguration(port: number): string {
  return `
global
  nbthread 1
  tune.http.logurilen 65535
defaults
  mode http
  timeout client 60s
  timeout http-keep-alive 60s
frontend seen
  bind 127.0.0.1:${port}
  log stdout len 65535 format raw local0
  http-request capture req.hdr(x-request-id) len 100
  log-format "seen %[capture.req.hdr(0)] %HM %HU"
  option http-buffer-request
  http-request return status 200 content-type text/plain string ok
`;
}

function end(child: ChildProcess): Promise<unknown> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  return ended;
}
