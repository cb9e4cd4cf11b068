// The door at which another process takes over: whatever that one does, the instance ends or goes on.

import { chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { GivesWay } from '../../../src/app/takeover/takeover-door.ts';
import { TakeoverDoor } from '../../../src/app/takeover/takeover-door.ts';
import type { Given } from '../../../src/app/takeover/messages.ts';
import type { Log } from '../../../src/lib/log.ts';
import { makeFolder } from '../../flow/scaffold/folder.ts';
import { closeAll, open } from '../../flow/scaffold/open.ts';
import { HELLO, callDoor } from '../../flow/scaffold/takeovers.ts';

afterEach(closeAll);

const GIVEN: Given = {
  kind: 'given',
  pid: process.pid,
  version: '1.0.0',
  revision: 7,
  claims: [],
  listeners: {},
  adminPort: 0,
  probesPort: 0,
  unhealthy: [],
  ticketSeed: '',
};

interface Place {
  readonly dir: string;
  readonly door: TakeoverDoor;
  /** What the instance was told, in order. */
  readonly told: readonly string[];
  /** How often the folder is not free yet. */
  busy: number;
}

async function place(give: () => Promise<Given> = async () => GIVEN): Promise<Place> {
  const dir = makeFolder().path;
  chmodSync(dir, 0o700);
  const told: string[] = [];
  const instance: GivesWay = {
    give,
    since: async () => [],
    takeBack: () => {
      if (found.busy-- > 0) throw new Error('in use');
      told.push('back');
    },
    resume: async (_by, reason) => void told.push(reason),
    leave: () => void told.push('left'),
  };
  const quiet = (): void => undefined;
  const log: Log = { debug: quiet, info: quiet, warn: quiet, error: quiet, fatal: quiet };
  const door = new TakeoverDoor(instance, log);
  await door.open(dir);
  const found = { dir, door, told, busy: 0 };
  open({ close: () => door.close() });
  return found;
}

test('it ends when both know, and is reached by its own user alone', async () => {
  const { dir, told } = await place();
  expect(statSync(join(dir, 'takeover.sock')).mode & 0o777).toBe(0o600);
  const caller = await callDoor(dir);
  caller.say(HELLO);
  expect(await caller.hear()).toEqual(GIVEN);
  caller.say({ kind: 'ready' });
  expect(await caller.hear()).toEqual({ kind: 'yours', entries: [] });
  expect(told).toEqual([]);
  caller.say({ kind: 'taken' });
  expect(await caller.hear()).toBeUndefined();
  expect(told).toEqual(['left']);
});

test('a process that is gone before it knows changes nothing; the folder is waited for', async () => {
  const found = await place();
  found.busy = 2;
  const caller = await callDoor(found.dir);
  caller.say(HELLO);
  await caller.hear();
  caller.say({ kind: 'ready' });
  await caller.hear();
  await caller.close();
  await expect.poll(() => found.told).toEqual(['back', 'it died']);
});

test('what cannot be given is refused with the reason, and the next one is served', async () => {
  let isReady = false;
  const { dir, told } = await place(async () => {
    if (!isReady) throw new Error('a change is under way');
    return GIVEN;
  });
  for (const answer of [{ kind: 'refused', reason: 'a change is under way' }, GIVEN]) {
    const caller = await callDoor(dir);
    caller.say(HELLO);
    expect(await caller.hear()).toEqual(answer);
    isReady = true;
  }
  expect(told).toEqual(['a change is under way']);
});

test('nonsense, and what is out of turn, ends it', async () => {
  const { dir, told } = await place();
  const caller = await callDoor(dir);
  caller.say(HELLO);
  await caller.hear();
  caller.say({ kind: 'taken' });
  expect(await caller.hear()).toMatchObject({ kind: 'aborted', reason: 'it said taken out of turn' });
  expect(told).toEqual(['it said taken out of turn']);
  await caller.close();
  await expect.poll(() => told).toEqual(['it said taken out of turn', 'back']);
  const other = await callDoor(dir);
  other.say({ ...HELLO, pid: 'x' });
  expect(await other.hear()).toBeUndefined();
});

test('told to stop meanwhile, it does not wait for a process that hangs', { timeout: 20_000 }, async () => {
  const { dir, door, told } = await place();
  const caller = await callDoor(dir);
  caller.say(HELLO);
  await caller.hear();
  await door.close();
  expect(await caller.hear()).toEqual({ kind: 'aborted', reason: 'it was told to stop meanwhile' });
  expect(told).toEqual(['it died', 'back']);
});
