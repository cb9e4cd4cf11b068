// CF-26: the config file is missing or unreadable. CF-27: it is half written. CF-28: it is swapped as Kubernetes does. CF-29: it is saved
// in all the ways that editors have. All of it under load.

import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { get } from '../flow/scaffold/client.ts';
import { runCommand } from '../flow/scaffold/command.ts';
import { eventually } from '../flow/scaffold/eventually.ts';
import { makeFolder } from '../flow/scaffold/folder.ts';
import { figure, promised } from '../flow/scaffold/full.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { configFor } from '../flow/scaffold/sluice.ts';
import { leavesNothing } from './leak-check.ts';
import type { Rig } from './leak-check.ts';
import { crowd, startRig } from './rig.ts';
import { ends, startTraffic } from './traffic.ts';

afterEach(closeAll);

const APPLIED_MS = 1_100;

/** A config that only says which one it is. */
function marked(mark: string): string {
  return JSON.stringify({ ...configFor({}), pools: {}, routes: [{ name: 'all', respond: { status: 200, body: mark } }] }, undefined, 2);
}

async function says(rig: Rig): Promise<string> {
  const bodies = await crowd(rig, 6, get('/'), async (wire) => (await wire.readMessage()).body);
  return [...new Set(bodies)].join(' and ');
}

/** Resolves with the time after which all workers served it. */
async function untilSaid(rig: Rig, mark: string): Promise<number> {
  const began = performance.now();
  await eventually(`${mark} from all`, async () => (await says(rig)) === mark);
  return performance.now() - began;
}

/** `change` under load: no request fails. */
async function underLoad({ sluice }: Rig, change: () => Promise<void>): Promise<void> {
  const traffic = startTraffic(sluice, { loops: 4 });
  await change();
  const tally = await traffic.stop();
  expect(ends(tally)).toEqual({ 200: tally.sent });
}

test('CF-26: no start without a readable config: exit 1, and one message that names it', async () => {
  const folder = makeFolder();
  mkdirSync(folder.file('folder.yaml'));
  symlinkSync(folder.file('loop.yaml'), folder.file('loop.yaml'));
  folder.write('empty.yaml', '');
  folder.write('cut.yaml', marked('x').slice(0, -200));
  for (const name of ['none.yaml', 'folder.yaml', 'loop.yaml', 'empty.yaml', 'cut.yaml']) {
    const { code, stdout, stderr } = await runCommand(['run', '--config', folder.file(name)]);
    expect([name, code, stdout]).toEqual([name, 1, '']);
    expect(stderr).toContain(folder.file(name));
    expect(stderr).not.toMatch(/^\s+at /m);
  }
});

test('CF-26: a config that goes, or is none any more, changes nothing; the next good one counts', { timeout: 60_000 }, async () => {
  const rig = await startRig(marked('start'));
  const { sluice } = rig;
  const { configPath } = sluice;
  sluice.expectLog(/config/);
  const losses: (() => void)[] = [
    () => rmSync(configPath),
    () => writeFileSync(configPath, ''),
    () => (rmSync(configPath), mkdirSync(configPath)),
    () => (rmSync(configPath, { recursive: true }), symlinkSync(configPath, configPath)),
  ];
  let round = 0;
  await leavesNothing(rig, async () => {
    round++;
    const good = `good-${round}`;
    sluice.writeConfig(marked(good));
    await untilSaid(rig, good);
    await underLoad(rig, async () => {
      for (const [index, lose] of losses.entries()) {
        const noticed = sluice.logs.length;
        lose();
        await eventually(`loss ${index} noticed`, () => sluice.logs.length > noticed);
        expect(await says(rig)).toBe(good);
      }
      rmSync(configPath, { recursive: true });
      writeFileSync(configPath, marked(`better-${round}`));
      await untilSaid(rig, `better-${round}`);
    });
  });
});

test('CF-27: a config that arrives in pieces is served whole or not at all', async () => {
  const rig = await startRig(marked('start'));
  const { sluice } = rig;
  sluice.expectLog(/config rejected|config problem/);
  let round = 0;
  await leavesNothing(rig, async () => {
    const before = await says(rig);
    const text = marked(`round-${++round}`);
    await underLoad(rig, async () => {
      writeFileSync(sluice.configPath, text.slice(0, 60));
      for (const [from, to] of [[60, text.length - 30] as const, [text.length - 30, text.length] as const]) {
        await pause(200);
        expect(await says(rig)).toBe(before);
        appendFileSync(sluice.configPath, text.slice(from, to));
      }
      await untilSaid(rig, `round-${round}`);
    });
  });
});

test('CF-28: twenty swaps of the `..data` link: each is in force on all workers in time', { timeout: 60_000 }, async () => {
  const rig = await startRig(marked('start'));
  const { sluice } = rig;
  const swap = (mark: string): void => {
    mkdirSync(join(sluice.dir, `..${mark}`));
    writeFileSync(join(sluice.dir, `..${mark}`, 'sluice.yaml'), marked(mark));
    symlinkSync(`..${mark}`, join(sluice.dir, '..data_tmp'));
    renameSync(join(sluice.dir, '..data_tmp'), join(sluice.dir, '..data'));
    // The old one goes, as it does there.
    for (const name of readdirSync(sluice.dir))
      if (/^\.\.s\d/.test(name) && name !== `..${mark}`) rmSync(join(sluice.dir, name), { recursive: true });
  };
  swap('s0');
  symlinkSync('..data/sluice.yaml', join(sluice.dir, 'link'));
  renameSync(join(sluice.dir, 'link'), sluice.configPath);
  await untilSaid(rig, 's0');
  let count = 0;
  let slowestMs = 0;
  await leavesNothing(rig, () =>
    underLoad(rig, async () => {
      for (let swaps = 0; swaps < 10; swaps++) {
        swap(`s${++count}`);
        slowestMs = Math.max(slowestMs, await untilSaid(rig, `s${count}`));
      }
    }),
  );
  figure(`${count} swaps`, { slowestMs });
  expect(slowestMs).toBeLessThan(promised(APPLIED_MS));
});

test('CF-29: every manner of saving is seen, and counts once', { timeout: 60_000 }, async () => {
  const rig = await startRig(marked('m-00'));
  const { sluice } = rig;
  const { configPath } = sluice;
  sluice.expectLog(/config is gone|config problem|config rejected/);
  const other = join(sluice.dir, 'other');
  const ways: Readonly<Record<string, (text: string) => void>> = {
    rename: (text) => (writeFileSync(other, text), renameSync(other, configPath)),
    'in place': (text) => writeFileSync(configPath, text),
    cp: (text) => (writeFileSync(other, text), spawnSync('cp', [other, configPath])),
    copy: (text) => (writeFileSync(other, text), copyFileSync(other, configPath)),
    'backup and new': (text) => (renameSync(configPath, `${configPath}~`), writeFileSync(configPath, text)),
    'delete and create': (text) => (rmSync(configPath), writeFileSync(configPath, text)),
    'same time and size': (text) => {
      const { atime, mtime } = statSync(configPath);
      writeFileSync(configPath, text);
      utimesSync(configPath, atime, mtime);
    },
  };
  let count = 0;
  let revision = 1;
  await leavesNothing(rig, () =>
    underLoad(rig, async () => {
      for (const [name, save] of Object.entries(ways)) {
        const mark = `m-${String(++count).padStart(2, '0')}`;
        save(marked(mark));
        expect([name, (await untilSaid(rig, mark)) < APPLIED_MS]).toEqual([name, true]);
        await eventually('the revision', async () => (await sluice.metric('sluice_config_revision')) >= revision + 1);
        // Longer than its quiet time: a second reload of the same would have come by now.
        await pause(150);
        expect([name, await sluice.metric('sluice_config_revision')]).toEqual([name, ++revision]);
      }
    }),
  );
});
