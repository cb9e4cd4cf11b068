// Missed writes outlive the process: what was told is there after a restart, whatever became of the file.

import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { MissedWriteFile } from '../../../src/control/missed-write-file.ts';
import { MissedWriteLedgers } from '../../../src/control/missed-writes.ts';
import type { Config } from '../../../src/config/model.ts';
import type { Log } from '../../../src/lib/log.ts';
import type { MissedWrite } from '../../../src/compare/mirrored-exchange.ts';
import { makeFolder } from '../../flow/scaffold/folder.ts';
import { closeAll } from '../../flow/scaffold/open.ts';
import { mirrorsOfShop } from '../threads/compared-config.ts';

afterEach(closeAll);

const named = (...names: readonly string[]): Config => mirrorsOfShop(...names.map((name) => ({ name, sideEffects: 'allow' as const })));
const write = (mirror: string, target = '/orders?token=s3cret'): MissedWrite => ({
  ...{ pool: 'shop', mirror, version: 'v2', atMs: 1_700_000_000_000, method: 'POST', authority: 'a', target },
  ...{ requestId: 'r', primaryStatus: 201, outcome: 'connect_refused', status: 0 },
});

function makeState() {
  const folder = makeFolder();
  const warn = vi.fn();
  const log = { warn } as unknown as Log;
  /** A process with these mirrors. */
  const start = (...mirrors: readonly string[]) => {
    const file = new MissedWriteFile({ dir: folder.file('.'), log });
    const ledgers = new MissedWriteLedgers(file);
    ledgers.retain(named(...mirrors));
    const list = (mirror: string) => ledgers.list({ pool: 'shop', mirror, after: 0, limit: 1000 });
    return { file, ledgers, list };
  };
  return { path: folder.file('missed-writes.jsonl'), warn, start };
}

describe('after a restart', () => {
  it('the lists are there, and go on where they were', async () => {
    const { path, start, warn } = makeState();
    const first = start('dark', 'other');
    first.ledgers.add([write('dark'), write('other'), write('dark')], []);
    first.ledgers.add([write('dark')], []);
    await first.file.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).not.toContain('s3cret');
    const second = start('other', 'dark');
    expect(second.list('dark').writes).toEqual(first.list('dark').writes);
    expect(second.list('other')).toMatchObject({ total: 1, writes: [{ seq: 1, target: '/orders?token=***' }] });
    second.ledgers.add([write('dark')], []);
    expect(second.list('dark').writes.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    await second.file.close();
    expect(start('dark').list('dark').total).toBe(4);
    expect(warn).not.toHaveBeenCalled();
  });

  it('what belonged to a mirror that has gone does not come back', async () => {
    const { start } = makeState();
    const first = start('dark', 'other');
    first.ledgers.add([write('dark'), write('other')], []);
    first.ledgers.retain(named('other'));
    await first.file.close();
    expect(start('dark', 'other').list('dark').total).toBe(0);
    const third = start('dark');
    await third.file.close();
    expect(start('other').list('other').total).toBe(0);
  });

  it('a line that was cut, or is none of ours, is left out', async () => {
    const { path, start } = makeState();
    const first = start('dark');
    first.ledgers.add([write('dark'), write('dark')], []);
    await first.file.close();
    appendFileSync(path, '[]\nnull\n{"seq":3}\n{"__proto__":1}\n{"pool":"shop","mir');
    const second = start('dark');
    expect(second.list('dark').total).toBe(2);
    second.ledgers.add([write('dark')], []);
    await second.file.close();
    expect(
      start('dark')
        .list('dark')
        .writes.map(({ seq }) => seq),
    ).toEqual([1, 2, 3]);
  });

  it('a file that cannot be read, or a folder that cannot be written, costs a warning alone', async () => {
    const { path, start, warn } = makeState();
    const bad = new MissedWriteFile({ dir: `${path}/nowhere`, log: { warn } as unknown as Log });
    const ledgers = new MissedWriteLedgers(bad);
    ledgers.retain(named('dark'));
    ledgers.add([write('dark')], []);
    await bad.close();
    expect(ledgers.list({ pool: 'shop', mirror: 'dark', after: 0, limit: 1 }).total).toBe(1);
    expect(warn).toHaveBeenCalledTimes(1);
    writeFileSync(path, Buffer.from([0xff, 0xfe, 0x00, 0x0a, 0x7b]));
    expect(start('dark').list('dark').total).toBe(0);
  });
});

it('a file that has grown is written anew with what is listed', async () => {
  const { path, start } = makeState();
  writeFileSync(path, `${'x'.repeat(1023)}\n`.repeat(33 * 1024));
  const { ledgers, file } = start('dark');
  ledgers.add([write('dark')], []);
  await file.close();
  expect(statSync(path).size).toBeLessThan(1000);
  expect(start('dark').list('dark').total).toBe(1);
});

it('a file that is large because much is listed is not written anew each time', async () => {
  const dir = makeFolder().file('.');
  const file = new MissedWriteFile({ dir, log: { warn: vi.fn() } as unknown as Log });
  const long = { ...{ pool: 'shop', mirror: 'dark', seq: 1, atMs: 1, method: 'POST', authority: 'a', target: 'x'.repeat(4000) } };
  const all = Array.from({ length: 10_000 }, () => ({
    ...long,
    id: 'r',
    version: 'v2',
    primaryStatus: 201,
    reason: 'lag',
    status: undefined,
  }));
  file.renew(() => all);
  await file.close();
  expect(statSync(`${dir}/missed-writes.jsonl`).size).toBeGreaterThan(32 * 1024 * 1024);
  expect(file.isLarge).toBe(false);
});
