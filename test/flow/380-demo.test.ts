// The demo, the first thing that a new user runs.

import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { connectAt, get } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { runCommand, startCommand, startProgram } from './scaffold/command.ts';
import type { Started } from './scaffold/command.ts';
import { closeAll } from './scaffold/open.ts';

afterEach(closeAll);

test('`sluice demo --any-port` says that it is ready and what to try; all of it works; it ends cleanly', async () => {
  const demo = startCommand(['demo', '--any-port']);
  const [, port = '', adminPort = ''] = await demo.printed(
    /^sluice ready: web 127\.0\.0\.1:(\d+), admin 127\.0\.0\.1:(\d+), \d+ workers?\n/,
  );
  await demo.printed(/no restart, no request lost\n/);
  const invited = demo.stdout.slice(demo.stdout.indexOf('\n') + 1);
  expect(invited).toMatch(new RegExp(`^try: curl http://127\\.0\\.0\\.1:${port}/ `));
  expect(invited).toContain(`curl -H 'x-version: v3' http://127.0.0.1:${port}/`);
  expect(invited).toContain(`curl http://127.0.0.1:${adminPort}/metrics`);
  const wire = await connectAt({ host: '127.0.0.1', port: Number(port) });
  const seen = new Map<string, number>();
  for (let sent = 0; sent < 100; sent++) {
    await wire.write(get());
    const version = (await wire.readMessage()).field('x-version') ?? '';
    seen.set(version, (seen.get(version) ?? 0) + 1);
  }
  expect([seen.get('v1'), seen.get('v2'), seen.get('v3')].map((count) => count ?? 0).map((count) => Math.round(count / 10))).toEqual([
    9, 1, 0,
  ]);
  await wire.write(get('/', 'x-version: v3'));
  expect((await wire.readMessage()).body).toBe('hello from v3: GET /\n');
  expect(await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text()).toContain('sluice_requests_total{');
  for (let item = 1; item <= 1000; item++) {
    await wire.write(get(`/items/${item}`));
    await wire.readMessage();
  }
  await eventually('the verdict on v3', async () => {
    const report = await fetch(`http://127.0.0.1:${adminPort}/v1/pools/shop/mirrors/dark/report`);
    const { verdict } = (await report.json()) as { verdict: { verdict: string; realFields: readonly { path: string }[] } };
    return verdict.verdict === 'fail' && verdict.realFields.map(({ path }) => path).join() === '$.price';
  });
  wire.destroy();
  demo.signal('SIGINT');
  expect(await demo.ended).toMatchObject({ code: 0, signal: null });
});

/** What `npm start -- PARAMETERS` runs. */
function npmStart(...parameters: readonly string[]): Started {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const [program, ...script] = (JSON.parse(text) as { scripts: { start: string } }).scripts.start.split(' ');
  expect(program).toBe('node');
  return startProgram(process.execPath, [...script, ...parameters]);
}

test('`npm start` passes its arguments on', async () => {
  const version = npmStart('--version');
  const check = npmStart('check', 'config/demo.yaml');
  expect(await version.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string });
  expect(await check.ended).toMatchObject({ code: 0, stderr: '' });
});

test('`sluice` alone prints help, and serves nothing', async () => {
  const alone = await runCommand([]);
  expect(alone).toMatchObject({ code: 0, stderr: '' });
  expect(alone.stdout).toMatch(/^Usage: sluice .*\n[^]*^ {2}demo /m);
  expect(alone).toEqual(await runCommand(['--help']));
});

test('`npm start` alone is the demo; a taken port is said, with the way out', async () => {
  // Whether :8080 and :9001 are free is not ours to say: both ends are right.
  const demo = npmStart();
  await Promise.race([
    demo.printed(/^sluice ready: web 127\.0\.0\.1:8080, admin 127\.0\.0\.1:9901/),
    demo.printed(/--any-port/),
    demo.ended,
  ]);
  if (demo.stdout.startsWith('sluice ready')) {
    demo.signal('SIGTERM');
    expect((await demo.ended).code).toBe(0);
  } else {
    const { code, stdout, stderr } = await demo.ended;
    expect([code, /in use|EADDRINUSE/.test(stdout + stderr)]).toEqual([1, true]);
  }
});
