// A load upstream (load-upstream.ts) in a process of its own, which can be killed and started again at the same address.
//
//   const upstream = await startUpstreamProcess('a');      responds to anything, so to /healthz, too; x-version: a
//   upstream.kill();                                       SIGKILL
//   await upstream.start();

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { LoadUpstream } from './load-upstream.ts';
import { open } from './open.ts';

/** Connections leave from 127.0.0.1, so none can hold the port while the process is dead, nor meet itself there. */
const HOST = '127.0.0.3';

export class UpstreamProcess {
  readonly name: string;
  #port = 0;
  #child: ChildProcess | undefined = undefined;

  constructor(name: string) {
    this.name = name;
  }

  get address(): string {
    return `${HOST}:${this.#port}`;
  }

  async start(): Promise<this> {
    const child = fork(fileURLToPath(import.meta.url), [this.name, String(this.#port)], { execArgv: [] });
    this.#child = child;
    this.#port = await new Promise<number>((resolve, reject) => {
      child.once('message', (port) => resolve(port as number)).once('exit', (code) => reject(new Error(`the upstream ended with ${code}`)));
    });
    return this;
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  close(): Promise<void> {
    const child = this.#child;
    return new Promise((resolve) => {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once('exit', () => resolve());
      child.kill('SIGKILL');
    });
  }
}

export function startUpstreamProcess(name: string): Promise<UpstreamProcess> {
  return open(new UpstreamProcess(name)).start();
}

if (process.send !== undefined && process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , name = '', port = '0'] = process.argv;
  const server = createServer();
  server.keepAliveTimeout = 120_000;
  server.listen({ port: Number(port), host: HOST, backlog: 4096 }, () => {
    new LoadUpstream(name, server);
    process.send?.((server.address() as { port: number }).port);
  });
  process.on('disconnect', () => process.exit());
}
