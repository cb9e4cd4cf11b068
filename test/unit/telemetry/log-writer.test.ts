import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_BACKLOG_BYTES, LogWriter } from '../../../src/telemetry/log-writer.ts';

let dir = '';
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'sluice-log-'))));
afterEach(() => rmSync(dir, { recursive: true }));

function open(path: string) {
  const dropped: number[] = [];
  const errors: Error[] = [];
  const writer = new LogWriter({ path, onDropped: (lines) => dropped.push(lines), onError: (error) => errors.push(error) });
  return { writer, dropped: () => dropped.reduce((a, b) => a + b, 0), errors };
}

describe('LogWriter to a file', () => {
  it('appends chunks in order', async () => {
    const path = join(dir, 'a.log');
    writeFileSync(path, 'before\n');
    const { writer, dropped } = open(path);
    for (let n = 0; n < 100; n++) writer.write(`${n}\n`, 1);
    await writer.close();
    expect(readFileSync(path, 'utf8')).toBe(`before\n${Array.from({ length: 100 }, (_, n) => `${n}\n`).join('')}`);
    expect(dropped()).toBe(0);
  });

  it('goes on in a new file after rotation', async () => {
    const path = join(dir, 'a.log');
    const first = open(path);
    first.writer.write('one\n', 1);
    await first.writer.close();
    const { writer } = open(path);
    writer.write('two\n', 1);
    writer.write('three\n', 1);
    while (readFileSync(path, 'utf8') !== 'one\ntwo\nthree\n') await new Promise(setImmediate);
    renameSync(path, join(dir, 'a.log.1'));
    writer.reopen();
    writer.write('four\n', 1);
    await writer.close();
    expect(readFileSync(join(dir, 'a.log.1'), 'utf8')).toBe('one\ntwo\nthree\n');
    expect(readFileSync(path, 'utf8')).toBe('four\n');
  });

  it('counts what a missing folder loses, tells it once, and recovers', async () => {
    const path = join(dir, 'later', 'a.log');
    const { writer, dropped, errors } = open(path);
    writer.write('one\n', 1);
    writer.write('two\nthree\n', 2);
    await writer.close();
    expect(dropped()).toBe(3);
    expect(errors.map((error) => (error as NodeJS.ErrnoException).code)).toEqual(['ENOENT']);
  });

  it('survives a full disk', async () => {
    const { writer, dropped, errors } = open('/dev/full');
    writer.write('one\n', 5);
    writer.write('two\n', 1);
    await writer.close();
    expect(dropped()).toBe(6);
    expect((errors[0] as NodeJS.ErrnoException).code).toBe('ENOSPC');
  });

  it('writes through no link, to no pipe and to no folder, and makes files that others do not read', async () => {
    const target = join(dir, 'profile');
    writeFileSync(target, '');
    symlinkSync(target, join(dir, 'link.log'));
    symlinkSync(join(dir, 'made'), join(dir, 'to-nothing.log'));
    execFileSync('mkfifo', [join(dir, 'pipe.log'), join(dir, 'read.log')]);
    const reader = openSync(join(dir, 'read.log'), constants.O_RDONLY | constants.O_NONBLOCK);
    for (const name of ['link.log', 'to-nothing.log', 'pipe.log', 'read.log', '']) {
      const { writer, dropped, errors } = open(join(dir, name));
      writer.write('one\n', 1);
      await writer.close();
      expect([name, dropped(), errors.length]).toEqual([name, 1, 1]);
      expect(errors[0]?.message).toContain(join(dir, name));
    }
    closeSync(reader);
    expect(readFileSync(target, 'utf8')).toBe('');
    expect(existsSync(join(dir, 'made'))).toBe(false);
    const { writer } = open(join(dir, 'new.log'));
    writer.write('one\n', 1);
    await writer.close();
    expect(statSync(join(dir, 'new.log')).mode & 0o137).toBe(0);
  });

  it('bounds its backlog and counts the rest', async () => {
    const path = join(dir, 'a.log');
    const { writer, dropped } = open(path);
    const chunk = `${'x'.repeat(64 * 1024 - 1)}\n`;
    const rounds = MAX_BACKLOG_BYTES / chunk.length + 10;
    for (let n = 0; n < rounds; n++) writer.write(chunk, 1);
    expect(dropped()).toBe(10);
    await writer.close(10_000);
    expect(readFileSync(path).length).toBe(MAX_BACKLOG_BYTES);
    writer.write('late\n', 1);
    expect(dropped()).toBe(11);
  });
});

describe('LogWriter to stdout', () => {
  const module = join(import.meta.dirname, '../../../src/telemetry/log-writer.ts');

  function run(script: string) {
    const source = `import { LogWriter } from ${JSON.stringify(module)}; let dropped = 0; const writer = new LogWriter({ path: 'stdout', onDropped: (lines) => { dropped += lines; } }); ${script}`;
    return spawn(process.execPath, ['--input-type=module-typescript', '-e', source], { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  it('writes everything before close resolves', async () => {
    const child = run(`for (let n = 0; n < 1000; n++) writer.write(n + '\\n', 1); await writer.close(); process.exit(0);`);
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
    await once(child, 'close');
    expect(text.trimEnd().split('\n')).toHaveLength(1000);
  });

  it('neither stops nor dies when the reader has closed the pipe', async () => {
    const child = run(
      `let n = 0; const timer = setInterval(() => { writer.write('x\\n', 1); if (++n === 20) { clearInterval(timer); process.stderr.write('dropped ' + dropped); } }, 5);`,
    );
    child.stdout.destroy();
    const [text] = (await once(child.stderr, 'data')) as [Buffer];
    expect(text.toString()).toMatch(/^dropped (1[0-9]|20)$/);
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);
  });

  it('neither blocks nor grows when the reader has stalled, and close is bounded', async () => {
    const child = run(
      `const chunk = 'x'.repeat(65535) + '\\n'; for (let n = 0; n < 300; n++) writer.write(chunk, 1); const full = dropped;` +
        `await writer.close(50); process.stderr.write(full + ' ' + dropped); setTimeout(() => process.exit(0), 50);`,
    );
    const [text] = (await once(child.stderr, 'data')) as [Buffer];
    const [full, all] = text.toString().split(' ').map(Number);
    expect(full).toBeGreaterThan(150);
    expect(all).toBeGreaterThan(full!);
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);
    child.stdout.destroy();
  });
});
