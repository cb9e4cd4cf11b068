// What `npm pack` ships: packed, unpacked in another folder, and started there as `npm install` would have it.

import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProgram } from './scaffold/command.ts';
import { makeFolder } from './scaffold/folder.ts';
import { closeAll } from './scaffold/open.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);
let folder = '';
let sluice = '';

beforeAll(async () => {
  const path = makeFolder().path;
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', path], { cwd: ROOT });
  execFileSync('tar', ['-xzf', join(path, stdout.trim()), '-C', path]);
  // As an installation lies: types are stripped from nothing below a folder of that name.
  mkdirSync(join(path, 'node_modules'));
  for (const name of readdirSync(join(ROOT, 'node_modules')))
    symlinkSync(join(ROOT, 'node_modules', name), join(path, 'node_modules', name));
  folder = join(path, 'node_modules/sluice');
  execFileSync('mv', [join(path, 'package'), folder]);
  sluice = join(folder, 'bin/sluice.js');
}, 60_000);

afterAll(closeAll);

test('it holds what runs, in JavaScript, what it shows, and no sources', () => {
  expect(readdirSync(folder).sort()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'SECURITY.md',
    'bin',
    'config',
    'dist',
    'package.json',
  ]);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  expect(files.filter((each) => each.endsWith('.ts'))).toEqual([]);
  const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { dependencies: object };
  const imported = files
    .filter((each) => each.endsWith('.js'))
    .flatMap((each) => [
      ...readFileSync(join(folder, each), 'utf8').matchAll(/^import .*?from "([^."][^"]*)";$|\bimport\("([^."][^"]*)"\)/gm),
    ])
    .map(([, one, other]) => (one ?? other)!);
  const packages = new Set(imported.filter((each) => !each.startsWith('node:')).map((each) => /^(?:@[^/]+\/)?[^/]+/.exec(each)![0]));
  expect([...packages].sort()).toEqual(Object.keys(dependencies).sort());
});

test('it serves, with its threads, and says how it is called', async () => {
  const demo = startProgram(process.execPath, [sluice, 'demo', '--any-port']);
  const [, port] = await demo.printed(/^sluice ready: web 127\.0\.0\.1:(\d+)/m);
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
  await demo.printed(/ sluice split shop v1=50 v2=50 /);
  await demo.printed(/ edit \S+config\/demo\.yaml /);
  demo.signal('SIGTERM');
  expect(await demo.ended).toMatchObject({ code: 0 });
});

test('it says which Node it needs, whatever that one cannot read', async () => {
  const as = async (version: string) => {
    const older = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'${version}'})`;
    return startProgram(process.execPath, ['--import', older, sluice, '--version']).ended;
  };
  for (const version of ['18.20.0', '22.19.0', '25.9.0', '26.4.0']) {
    expect(await as(version)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^sluice needs Node 24, or 26\.5 and newer, and this is v.*\n$/),
    });
  }
  for (const version of ['24.1.0', '26.5.0', '27.0.0']) expect(await as(version)).toMatchObject({ code: 0, stderr: '' });
});
