// The certificates of an instance between a reload and files that change: what the workers are told must fit the config that they have.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ListenerConfig } from '../../../../src/config/model.ts';
import { Certificates } from '../../../../src/control/certificates/certificates.ts';
import type { Certified } from '../../../../src/control/certificates/tls-files.ts';
import type { TlsUpdate } from '../../../../src/control/ports.ts';
import { makeAuthority } from '../../../scaffold/certificates.ts';
import type { Authority } from '../../../scaffold/certificates.ts';
import { ManualClock } from '../../../scaffold/manual-clock.ts';

const dir = mkdtempSync(join(tmpdir(), 'sluice-certificates-'));
const SEED_MS = 12 * 3_600_000;
let ca: Authority;
beforeAll(async () => void (ca = await makeAuthority()));
afterAll(() => rmSync(dir, { recursive: true }));

async function write(name: string): Promise<void> {
  const { cert, key } = await ca.issue({ names: [`${name}.test`] });
  writeFileSync(join(dir, `${name}.crt`), cert);
  writeFileSync(join(dir, `${name}.key`), key);
}

function configOf(...names: string[]): Certified {
  const files = (name: string) => ({ certFile: join(dir, `${name}.crt`), keyFile: join(dir, `${name}.key`) });
  const listeners = names.map((name) => ({ name, tls: { certificates: [files(name)] } }) as unknown as ListenerConfig);
  return { listeners, pools: [], admin: { tls: undefined } };
}

it('tell the workers nothing of the config before while another is on its way to them', async () => {
  await Promise.all(['a', 'b'].map(write));
  const clock = new ManualClock(Date.now());
  const told: string[][] = [];
  const tell = async ({ listeners }: TlsUpdate) => void told.push(listeners.map(({ listener }) => listener));
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  let seeds = 0;
  const certificates = new Certificates({ tell, newSeed: () => `seed-${seeds++}`, clock, log: log as never });
  /** Looks, until it is done with it. */
  const look = async (ms = 500): Promise<void> => {
    clock.advance(ms);
    await certificates.looked();
  };
  const first = configOf('a');
  certificates.follow(first, await certificates.prepare(first));
  await look();
  expect(told).toEqual([]);
  await write('a');
  await look();
  expect(told).toEqual([['a']]);

  const second = configOf('a', 'b');
  const read = await certificates.prepare(second);
  await write('a');
  await look();
  await look(SEED_MS);
  expect(told).toEqual([['a']]);
  certificates.follow(second, read);
  await look();
  // The seed, and the files.
  expect(told.slice(1)).toEqual([
    ['a', 'b'],
    ['a', 'b'],
  ]);
  expect(seeds).toBe(2);
  await certificates.close();
});

it('tell once, not at each look, that a certificate ends soon', async () => {
  const { cert, key } = await ca.issue({ names: ['soon.test'], days: 10 });
  writeFileSync(join(dir, 'soon.crt'), cert);
  writeFileSync(join(dir, 'soon.key'), key);
  const clock = new ManualClock(Date.now());
  const told: string[] = [];
  const log = { info: () => undefined, warn: (_: object, line: string) => void told.push(line), error: () => undefined };
  const certificates = new Certificates({ tell: async () => undefined, newSeed: () => 'seed', clock, log: log as never });
  const config = configOf('soon');
  certificates.follow(config, await certificates.prepare(config));
  for (let looks = 0; looks < 4; looks++) {
    clock.advance(500);
    await certificates.looked();
  }
  expect(told).toHaveLength(1);
  expect(certificates.findings()).toEqual([expect.not.objectContaining({ sinceMs: expect.anything() })]);
  await certificates.close();
});
