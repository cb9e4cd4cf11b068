// What is kept on disk: every change that was acknowledged, however the process ends; and what a start does with a folder that it cannot use.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { call, journalOf, revisionOf, setWeights, weightsOf } from './scaffold/admin.ts';
import { ask, get } from './scaffold/client.ts';
import { within } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { figure, scaled } from './scaffold/full.ts';
import { startLoadUpstream } from './scaffold/load-upstream.ts';
import { closeAll, open } from './scaffold/open.ts';
import { configFor, Sluice, startSluice } from './scaffold/sluice.ts';

afterEach(closeAll);

/** All goes to v1, unless a change says otherwise. */
async function configWith(state: unknown): Promise<object> {
  const [one, two] = [await startLoadUpstream('v1'), await startLoadUpstream('v2')];
  return configFor({ endpoints: { v1: [one.address], v2: [two.address] }, pool: { split: { v1: 100 } }, top: { state } });
}

async function served(sluice: Sluice): Promise<string | undefined> {
  return (await ask(sluice, get('/'))).field('x-version');
}

async function stop(sluice: Sluice): Promise<void> {
  sluice.signal('SIGTERM');
  expect((await within('the end', sluice.exited, 20_000)).code).toBe(0);
}

test('a restart keeps revisions, split and numbers', { timeout: 60_000 }, async () => {
  const dir = makeFolder().file('state');
  const config = await configWith({ dir });
  const first = await startSluice(config);
  expect(await revisionOf(first)).toBe(1);
  await setWeights(first, { v1: 1, v2: 1 });
  expect(await setWeights(first, { v1: 0, v2: 7 })).toBe(3);
  await stop(first);

  const second = await startSluice(config);
  expect(await revisionOf(second)).toBe(3);
  expect(await weightsOf(second)).toEqual({ v1: 0, v2: 7 });
  expect(await served(second)).toBe('v2');
  const { revisions } = (await call(second, 'GET', '/v1/revisions')).body;
  expect(revisions.map(({ revision, cause }) => `${revision} ${cause}`)).toEqual(['3 api', '2 api', '1 start']);
  expect((await call(second, 'POST', '/v1/revisions/1/restore', {})).body.revision).toBe(4);
  expect(await served(second)).toBe('v1');
});

test('SIGKILL at any moment loses no acknowledged change', { timeout: scaled(120_000, 600_000) }, async () => {
  const dir = makeFolder().file('state');
  const config = await configWith({ dir });
  const rounds = scaled(8, 40);
  let sluice = await startSluice(config);
  // Change n sets v2 to n, and makes revision n + 1.
  let acknowledged = 0;
  let asked = 0;
  let underWay = 0;
  for (let round = 1; round <= rounds; round++) {
    let dead = false;
    const until = acknowledged + 1 + Math.floor(Math.random() * 20);
    const killed = sluice.exited.then(() => (dead = true));
    while (!dead) {
      asked = acknowledged + 1;
      // A chance moment, within the time that a change takes.
      if (asked === until) void pause(Math.random() * 12).then(() => sluice.signal('SIGKILL'));
      const response = await call(sluice, 'PUT', '/v1/pools/shop/split', { weights: { v1: 1, v2: asked } }).catch(() => undefined);
      if (response === undefined) break;
      expect({ status: response.status, revision: response.body.revision }).toEqual({ status: 200, revision: asked + 1 });
      acknowledged = asked;
    }
    await within('the death', killed, 20_000);
    sluice.exitCode = null;
    sluice = await startSluice(config);
    const [revision, weights] = [await revisionOf(sluice), await weightsOf(sluice)];
    const seen = `round ${round}: acknowledged ${acknowledged}, asked ${asked}, then revision ${revision} with ${JSON.stringify(weights)}`;
    const kept = revision - 1;
    expect(kept >= acknowledged && kept <= asked, seen).toBe(true);
    expect(kept === 0 ? 0 : weights['v2'], seen).toBe(kept);
    if (kept > acknowledged) underWay++;
    acknowledged = kept;
  }
  figure('SIGKILL during changes', { rounds, changes: acknowledged, 'kept without a response': underWay });
});

test('a second process on one state directory ends with 1 and names it', { timeout: 60_000 }, async () => {
  const dir = makeFolder().file('state');
  const config = await configWith({ dir });
  const first = await startSluice(config);
  const second = open(new Sluice(JSON.stringify(config), {}));
  second.exitCode = 1;
  second.expectLog(/state directory is in use/);
  expect((await within('the end', second.exited, 20_000)).code).toBe(1);
  expect(second.readyLine).toBe('');
  expect(second.logs.map(({ text }) => text).join('\n')).toContain(dir);
  expect(await setWeights(first, { v1: 0, v2: 1 })).toBe(2);
  expect(await served(first)).toBe('v2');
});

function damage(dir: string, ...names: readonly string[]): void {
  for (const name of names) writeFileSync(join(dir, name), 'damaged'.repeat(2_000));
}

test('a damaged database is moved aside; traffic stays where it was sent, and the loss is told', { timeout: 60_000 }, async () => {
  const dir = makeFolder().file('state');
  const config = await configWith({ dir });
  const first = await startSluice(config);
  await setWeights(first, { v1: 0, v2: 1 });
  expect(await first.metric('sluice_state_lost', { part: 'history' })).toBe(0);
  first.exitCode = null;
  first.signal('SIGKILL');
  await within('the end', first.exited);
  damage(dir, 'sluice.db');

  const second = await startSluice(config);
  second.expectLog(/moved aside|from its copy beside the database/);
  expect(second.logs.filter(({ msg }) => msg.includes('moved aside'))).toHaveLength(1);
  const moved = readdirSync(dir).filter((name) => name.startsWith('sluice.db.corrupt-'));
  expect(moved.length).toBeGreaterThan(0);
  expect([await served(second), await revisionOf(second)]).toEqual(['v2', 3]);
  const lost = await second.metrics();
  expect([lost.sum('sluice_state_lost', { part: 'history' }), lost.sum('sluice_state_lost', { part: 'changes' })]).toEqual([1, 0]);
  const line = await journalOf(second, ({ kind }) => kind === 'state-lost');
  expect(line.at(-1)?.detail).toEqual({ changes: 'from the copy', of: 2 });
  expect(await setWeights(second, { v1: 1, v2: 1 })).toBe(4);
  await stop(second);

  const third = await startSluice(config);
  expect([await revisionOf(third), await weightsOf(third)]).toEqual([4, { v1: 1, v2: 1 }]);
  expect(await third.metric('sluice_state_lost', { part: 'history' })).toBe(0);
  expect(readdirSync(dir).filter((name) => name.startsWith('sluice.db.corrupt-'))).toEqual(moved);
});

test(
  'with its copy damaged, too, the file says where traffic goes; whenLost: not-ready waits for somebody',
  { timeout: 60_000 },
  async () => {
    for (const [whenLost, status] of [
      ['serve', 200],
      ['not-ready', 503],
    ] as const) {
      const dir = makeFolder().file('state');
      const config = await configWith({ dir, whenLost });
      const first = await startSluice(config);
      await setWeights(first, { v1: 0, v2: 1 });
      await stop(first);
      damage(dir, 'sluice.db', 'changes.txt');

      const second = await startSluice(config);
      second.expectLog(/moved aside|traffic goes where the file sends it/);
      expect(await second.metric('sluice_state_lost', { part: 'changes' })).toBe(1);
      const ready = async (): Promise<number> => (await fetch(`http://127.0.0.1:${second.adminPort}/readyz`)).status;
      expect([whenLost, await ready()]).toEqual([whenLost, status]);
      // Not ready is for those who send traffic; what comes is served.
      expect(await served(second)).toBe('v1');
      const wrong = async (): Promise<readonly string[]> =>
        ((await call(second, 'GET', '/v1/overview')).body as unknown as { findings: { code: string }[] }).findings.map(({ code }) => code);
      expect(await wrong()).toEqual(['state-lost']);
      await setWeights(second, { v1: 0, v2: 1 });
      expect([await ready(), await wrong()]).toEqual([200, []]);
    }
  },
);

test('where the default folder cannot be made it serves, and says that nothing is kept', { timeout: 60_000 }, async () => {
  // A file in the way: rights would not stop root.
  const sluice = await startSluice(await configWith(undefined), { within: ['sh', '-c', 'touch "${5%/*}/state" && exec "$@"', 'sh'] });
  sluice.expectLog(/nothing is kept on disk/);
  expect(sluice.logs.filter(({ msg, level }) => level === 40 && msg.startsWith('nothing is kept on disk'))).toHaveLength(1);
  await setWeights(sluice, { v1: 0, v2: 1 });
  expect(await served(sluice)).toBe('v2');
});

test('where the folder that the config names cannot be made it ends with 1', { timeout: 60_000 }, async () => {
  const dir = makeFolder().write('state', 'in the way');
  const sluice = open(new Sluice(JSON.stringify(await configWith({ dir })), {}));
  sluice.exitCode = 1;
  sluice.expectLog(/state directory cannot be used/);
  expect((await within('the end', sluice.exited, 20_000)).code).toBe(1);
  expect(sluice.readyLine).toBe('');
  expect(sluice.logs.map(({ text }) => text).join('\n')).toContain(`${dir}: `);
});

test('the default folder lies beside the config', { timeout: 60_000 }, async () => {
  const sluice = await startSluice(await configWith(undefined));
  await setWeights(sluice, { v1: 0, v2: 1 });
  expect(existsSync(join(sluice.dir, 'state', 'sluice.db'))).toBe(true);
});

test('state: memory keeps nothing', { timeout: 60_000 }, async () => {
  const config = await configWith('memory');
  const first = await startSluice(config);
  expect(await setWeights(first, { v1: 0, v2: 1 })).toBe(2);
  expect(await served(first)).toBe('v2');
  expect(readdirSync(first.dir)).toEqual(['sluice.yaml']);
  await stop(first);
  const second = await startSluice(config);
  expect(await revisionOf(second)).toBe(1);
  expect(await served(second)).toBe('v1');
});

test(
  'on a full disk the state is read and the file is served; what the API asks is refused until there is room',
  { timeout: 60_000 },
  async (context) => {
    const disk = makeFolder();
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=600k', 'tmpfs', disk.path]).status === 0;
    if (!mounted) return context.skip('file systems cannot be mounted here');
    open({ close: () => Promise.resolve(void spawnSync('umount', ['-l', disk.path])) });
    const config = (await configWith({ dir: disk.file('state') })) as { readonly drain?: object };
    const first = await startSluice(config);
    await setWeights(first, { v1: 0, v2: 1 });
    await stop(first);
    expect(() => disk.write('fill', 'x'.repeat(1_000_000))).toThrow(/ENOSPC/);

    const second = await startSluice({ ...config, overload: { memory: 'off' } });
    second.expectLog(/a revision could not be kept/);
    second.expectLog(/could not be put in force.*|what was served stays/);
    expect([await served(second), await revisionOf(second)]).toEqual(['v2', 3]);
    const refused = await call(second, 'PUT', '/v1/pools/shop/split', { weights: { v1: 1, v2: 0 } });
    expect([refused.status, refused.body.detail]).toEqual([503, expect.stringMatching(/full/)]);
    expect(await served(second)).toBe('v2');
    rmSync(disk.file('fill'));
    expect(await setWeights(second, { v1: 1, v2: 0 })).toBe(4);
    const { revisions } = (await call(second, 'GET', '/v1/revisions')).body;
    expect(revisions.map(({ revision, cause }) => `${revision} ${cause}`)).toEqual(['4 api', '3 start', '2 api', '1 start']);
  },
);
