// Processes of Sluice that take over from each other, and one that only talks.
//
//   const next = await takeOver(sluice, config)      another process in its place, when it is ready; `sluice.exited` is the end of the first
//   const caller = await callDoor(dir)               caller.say({ kind: 'hello', … }), await caller.hear(), caller.close()

import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { open } from './open.ts';
import { startSluice } from './sluice.ts';
import type { Sluice, SluiceOptions } from './sluice.ts';

/** Starts another one beside it, which may be refused. */
export async function takeOver(config: object, options: SluiceOptions = {}): Promise<Sluice> {
  return startSluice(config, { workers: 2, runArguments: ['--takeover'], ...options });
}

export const HELLO = { kind: 'hello', protocol: 1, schema: 2, pid: 1, version: '9.9.9' };

export interface DoorCaller {
  say(message: object): void;
  /** The next message; undefined at the end. */
  hear(): Promise<Readonly<Record<string, unknown>> | undefined>;
  close(): Promise<void>;
}

export async function callDoor(dir: string): Promise<DoorCaller> {
  const socket = connect({ path: join(dir, 'takeover.sock') });
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  return open({
    say: (message: object) => void socket.write(`${JSON.stringify(message)}\n`),
    hear: async () => {
      const { value, done } = await lines.next();
      return done === true ? undefined : (JSON.parse(value) as Record<string, unknown>);
    },
    close: async () => void socket.destroy(),
  });
}
