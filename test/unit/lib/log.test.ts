import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLog } from '../../../src/lib/json-log.ts';
import { forwardLog, writeLine } from '../../../src/lib/log.ts';
import type { LogLine } from '../../../src/lib/log.ts';

const LOG = join(import.meta.dirname, '../../../src/lib/log.ts');
const JSON_LOG = join(import.meta.dirname, '../../../src/lib/json-log.ts');

function collect() {
  const lines: Record<string, unknown>[] = [];
  const log = createLog({
    level: 'debug',
    name: 'test',
    output: { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  return { log, lines };
}

/** Runs a script that has `log`; resolves with how it ended. */
function run(script: string) {
  const source = `import { createLog } from ${JSON.stringify(JSON_LOG)}; import { flushOutput } from ${JSON.stringify(LOG)}; const log = createLog({ level: 'info', name: 'child' }); ${script}`;
  return spawn(process.execPath, ['--input-type=module-typescript', '-e', source], { stdio: ['ignore', 'pipe', 'pipe'] });
}

async function exitCode(child: ReturnType<typeof run>): Promise<number | null> {
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

describe('createLog', () => {
  it('writes one JSON line with a constant message and variables as fields', () => {
    const { log, lines } = collect();
    log.warn({ revision: 3, err: new TypeError('boom') }, 'config rejected');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: 40,
      name: 'test',
      msg: 'config rejected',
      revision: 3,
      err: { type: 'TypeError', message: 'boom' },
    });
    expect(Date.parse(lines[0]!['time'] as string)).toBeGreaterThan(0);
  });

  it('survives fields that cannot be written', () => {
    const { log, lines } = collect();
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    log.info({ loop, hostile: '"}\n{', big: 1n }, 'odd');
    expect(lines[0]).toMatchObject({ msg: 'odd', hostile: '"}\n{' });
  });

  it('loses no line at process.exit once it is flushed, also when the reader is late', async () => {
    const child = run(`for (let n = 0; n < 2000; n++) log.info({ n }, 'line'); await flushOutput(30_000); process.exit(3);`);
    let text = '';
    child.stderr.setEncoding('utf8').on('data', (part: string) => (text += part));
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(3);
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { n: number }).n),
    ).toEqual(Array.from({ length: 2000 }, (_, n) => n));
  });

  it('goes on when the reader has closed the pipe', async () => {
    const child = run(
      `process.stdin; let n = 0; const timer = setInterval(() => { log.info({ n }, 'into the void'); if (++n === 20) { clearInterval(timer); process.stdout.write('alive'); } }, 5);`,
    );
    child.stderr.destroy();
    const [text] = (await once(child.stdout, 'data')) as [Buffer];
    expect(text.toString()).toBe('alive');
    expect(await exitCode(child)).toBe(0);
  });

  it('neither waits nor grows when the reader has stalled', async () => {
    const child = run(
      `const pad = 'x'.repeat(1000); for (let n = 0; n < 20000; n++) log.info({ pad }, 'much');` +
        `setTimeout(() => { process.stdout.write(String(process.stderr.writableLength)); setTimeout(() => process.exit(0), 50); }, 10);`,
    );
    const [text] = (await once(child.stdout, 'data')) as [Buffer];
    expect(Number(text.toString())).toBeGreaterThan(500_000);
    expect(Number(text.toString())).toBeLessThan(2_000_000);
    expect(await exitCode(child)).toBe(0);
    child.stderr.destroy();
  });
});

describe('forwardLog', () => {
  it('posts lines that a thread can clone and that read the same on the other side', () => {
    const posted: LogLine[] = [];
    const forward = forwardLog((line) => posted.push(structuredClone(line)));
    forward.error(
      { err: Object.assign(new Error('no'), { code: 'EPIPE' }), port: 1, fn: () => 1, odd: { deep: () => 1 }, none: undefined },
      'worker failed',
    );
    forward.debug({}, 'quiet');
    const { log, lines } = collect();
    for (const line of posted) writeLine(log, line);
    expect(lines[0]).toMatchObject({
      level: 50,
      msg: 'worker failed',
      port: 1,
      err: { type: 'Error', message: 'no', code: 'EPIPE' },
      odd: {},
    });
    expect(lines[1]).toMatchObject({ level: 20, msg: 'quiet' });
  });
});
