// Sends inputs through a real Sluice to a server of others, and compares which requests both have seen: one more is smuggled.

import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../scaffold/free-port.ts';
import type { Input } from '../target.ts';
import type { Peer, Seen } from './peer.ts';
import { endWithUs, eventually, isListening } from './reach.ts';

const ROOT = join(import.meta.dirname, '../../..');
const AT_ONCE = 32;
const MAX_CONNECTION_MS = 3_000;

interface Forwarded {
  readonly requestId: string;
  readonly method: string;
  readonly target: string;
  readonly endpoint: string;
  readonly attempts: number;
}

export interface Through {
  /** Sends each on a connection of its own. Returns what the server saw and Sluice did not send, in words, and how much it refused. */
  send(inputs: readonly Input[]): Promise<{ readonly faults: readonly string[]; readonly forwarded: number; readonly refused: number }>;
  close(): Promise<unknown>;
}

export async function startThrough(peer: Peer, dir: string): Promise<Through> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const log = join(dir, 'access.log');
  const file = join(dir, 'sluice.yaml');
  writeFileSync(file, configuration(port, adminPort, peer.port, log));
  const arguments_ = ['src/app/main.ts', '--log-level', 'error', 'run', '--config', file, '--workers', '1'];
  const child = endWithUs(spawn(process.execPath, arguments_, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] }));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await eventually(() => isListening(port));
  let [lines, seen] = [0, 0];
  return {
    async send(inputs) {
      for (let from = 0; from < inputs.length; from += AT_ONCE)
        await Promise.all(inputs.slice(from, from + AT_ONCE).map((each) => sendOne(port, each)));
      // A line after all others: what Sluice and the server write late is written before it.
      await sendOne(port, 'GET /end HTTP/1.1\r\nHost: end\r\nConnection: close\r\n\r\n');
      const read = (): Forwarded[] => readLines(log).slice(lines);
      await eventually(() => read().some(({ target }) => target === '/end'));
      await eventually(() =>
        peer
          .seen()
          .slice(seen)
          .some(({ target }) => target === '/end'),
      );
      await pause(50);
      const [sent, had] = [read(), peer.seen().slice(seen)];
      lines += sent.length;
      seen += had.length;
      const refused = had.filter(({ method }) => method === '').length;
      return { faults: compare(sent, had), forwarded: sent.filter(({ endpoint }) => endpoint !== '').length, refused };
    },
    close: () => (child.kill('SIGTERM'), ended),
  };
}

function configuration(port: number, adminPort: number, peerPort: number, log: string): string {
  return JSON.stringify({
    listeners: [{ name: 'web', address: `127.0.0.1:${port}`, limits: { headerTimeout: '1s' } }],
    admin: { address: `127.0.0.1:${adminPort}` },
    state: 'memory',
    accessLog: { path: log },
    pools: { peer: { versions: { v1: { endpoints: [`127.0.0.1:${peerPort}`] } }, timeouts: { response: '1s' } } },
    routes: [{ name: 'all', pool: 'peer' }],
  });
}

function readLines(log: string): Forwarded[] {
  if (!existsSync(log)) return [];
  return readFileSync(log, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Forwarded);
}

/** Resolves when the connection has ended, after the input and our end of it. */
function sendOne(port: number, input: Input): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.setTimeout(MAX_CONNECTION_MS, () => socket.destroy());
    socket.on('error', () => undefined).once('close', () => resolve());
    socket.resume().end(input, 'latin1');
  });
}

function compare(sent: readonly Forwarded[], had: readonly Seen[]): string[] {
  const known = new Map(sent.filter(({ endpoint }) => endpoint !== '').map((line) => [line.requestId, line]));
  const times = new Map<string, number>();
  const faults: string[] = [];
  for (const { id, method, target } of had) {
    if (method === '') continue;
    const line = known.get(id);
    times.set(id, (times.get(id) ?? 0) + 1);
    if (line === undefined) faults.push(`a request that Sluice did not send: ${method} ${target} (id ${id})`);
    else if (line.method !== method) faults.push(`sent as ${line.method}, seen as ${method}`);
    else if (pathOf(line.target) !== target) faults.push(`sent for ${line.target}, seen for ${target}`);
    else if ((times.get(id) ?? 0) > line.attempts)
      faults.push(`${method} ${target} was sent ${line.attempts} times and seen ${times.get(id)} times`);
  }
  return faults;
}

/** An absolute target is forwarded in origin form (RFC 9112, 3.2.1). */
function pathOf(target: string): string {
  const absolute = /^https?:\/\/[^/?]*(.*)$/i.exec(target)?.[1];
  if (absolute === undefined) return target;
  return absolute.startsWith('/') ? absolute : `/${absolute}`;
}
