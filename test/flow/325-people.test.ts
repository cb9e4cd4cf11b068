// What a person at a terminal reads while Sluice runs: sentences, and what a drain waits for.

import { afterEach, expect, test } from 'vitest';
import { connectAt, get } from './scaffold/client.ts';
import { startCommand } from './scaffold/command.ts';
import { eventually } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { startLoadUpstream } from './scaffold/load-upstream.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor } from './scaffold/sluice.ts';

afterEach(closeAll);

async function start(...words: string[]) {
  const upstream = await startLoadUpstream();
  const file = makeFolder().write('a.yaml', JSON.stringify(configFor(upstream)));
  const started = startCommand([...words, 'run', '--config', file, '--workers', '1']);
  const [, port] = await started.printed(/web 127\.0\.0\.1:(\d+)/);
  return { upstream, started, port: Number(port) };
}

test.each(['human', 'json', 'auto'])('the log with --log-format %s', { timeout: 60_000 }, async (format) => {
  const { started } = await start('--log-format', format);
  started.signal('SIGTERM');
  const { code, stderr } = await started.ended;
  expect(code).toBe(0);
  const lines = stderr.trimEnd().split('\n');
  for (const line of lines) expect(line).toMatch(format === 'human' ? /^\d\d:\d\d:\d\d [a-z]/ : /^\{"level":/);
  if (format === 'human') expect(lines.at(-1)).toMatch(/ stopped$/);
});

test('a drain says what it waits for, and how to stop at once', { timeout: 60_000 }, async () => {
  const { upstream, started, port } = await start('--log-format', 'human');
  const wire = await connectAt({ host: '127.0.0.1', port });
  await wire.write(get('/hold'));
  await eventually('the request is held', () => (upstream.held === 1 ? true : undefined));
  started.signal('SIGINT');
  await eventually('it says so', () => /^1 request left, press Ctrl-C again to stop now$/m.exec(started.stderr) ?? undefined);
  upstream.release();
  const { code, stderr } = await started.ended;
  expect(code).toBe(0);
  expect(stderr.match(/left, press/g)).toHaveLength(1);
});

test('an unknown format is wrong usage', { timeout: 60_000 }, async () => {
  const { code, stderr } = await startCommand(['--log-format', 'xml', 'check', 'x']).ended;
  expect(code).toBe(2);
  expect(stderr).toContain('it must be one of auto, human, json');
});
