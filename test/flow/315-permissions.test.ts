// Sluice as its image starts it: under Node's permission model it has all that it needs, and nothing else.

import { mkdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { setWeights } from './scaffold/admin.ts';
import { connectTo, get } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { startLoadUpstream } from './scaffold/load-upstream.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';

afterEach(closeAll);

const ROOT = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');

/** What the image gives Node, with its folders where the test has them. */
function flagsOfImage(folders: Readonly<Record<string, string>>): readonly string[] {
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').replaceAll('\\\n', '');
  const [program, ...words] = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? '[]') as string[];
  expect([program, words.at(-1)]).toEqual(['node', 'src/app/main.js']);
  const move = (word: string): string =>
    Object.entries(folders).reduce((moved, [from, to]) => moved.replace(new RegExp(`=${from}(?=/|$)`), `=${to}`), word);
  return words.slice(0, -1).map(move);
}

test('reads and writes where it may, and nowhere else', { timeout: 60_000 }, async () => {
  const [folder, secret] = [makeFolder(), makeFolder()];
  for (const name of ['etc/state', 'log']) mkdirSync(folder.file(name), { recursive: true });
  const flags = flagsOfImage({ '/opt/sluice': ROOT, '/etc/sluice': folder.file('etc'), '/var/log/sluice': folder.file('log') });
  // The config of the scaffold is in a folder of its own, whose name is known when the process has started.
  const more = [realpathSync(join(ROOT, 'node_modules')), `${join(tmpdir(), 'sluice-flow-')}*`].map((path) => `--allow-fs-read=${path}`);
  const endpoints: Record<string, readonly string[]> = {};
  for (const name of ['v1', 'v2']) endpoints[name] = [(await startLoadUpstream(name)).address];
  const [log, elsewhere] = [folder.file('log/access.log'), secret.file('access.log')];
  const config = { ...configFor({ endpoints, pool: { split: { v1: 90, v2: 10 } } }), state: { dir: folder.file('etc/state') } };
  const sluice = await startSluice({ ...config, accessLog: { path: log } }, { nodeArguments: [...flags, ...more] });
  await setWeights(sluice, { v1: 1, v2: 1 });
  const wire = await connectTo(sluice);
  const ask = async (): Promise<number> => {
    await wire.write(get('/'));
    return (await wire.readMessage()).status;
  };
  expect(await ask()).toBe(200);
  await eventually('a line of the log', () => (statSync(log, { throwIfNoEntry: false })?.size ?? 0) > 0);
  expect(statSync(folder.file('etc/state/sluice.db')).size).toBeGreaterThan(0);
  sluice.expectLog(/the access log cannot be written/);
  await sluice.writeConfig({ ...config, accessLog: { path: elsewhere } });
  await eventually('a refusal', async () => {
    expect(await ask()).toBe(200);
    return sluice.logs.some(({ msg }) => msg === 'the access log cannot be written');
  });
  expect(statSync(elsewhere, { throwIfNoEntry: false })).toBeUndefined();
  wire.destroy();
});
