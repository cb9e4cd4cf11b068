// Servers as children: waiting for them, and none left behind.

import type { ChildProcess } from 'node:child_process';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const PATIENCE_MS = 15_000;

/** Resolves when `look` says yes. @throws after 15 s */
export async function eventually(look: () => boolean | Promise<boolean>): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  while (!(await look())) {
    if (performance.now() > until) throw new Error('not in time');
    await pause(10);
  }
}

/** The child ends when this process does, however that ends. */
export function endWithUs<T extends ChildProcess>(child: T): T {
  process.once('exit', () => void child.kill('SIGKILL'));
  return child;
}

export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => (socket.destroy(), resolve(true))).once('error', () => resolve(false));
  });
}
