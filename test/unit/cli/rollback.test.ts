// Rollback: which revision it chooses, what it shows, when it asks, and that it restores nothing but what it has shown.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runRollback } from '../../../src/cli/rollback.ts';
import { FakeAdmin, FakeTerminal, history, NOW_MS, problem, runAgainst } from './fake-admin.ts';

let admin: FakeAdmin;

beforeEach(async () => {
  admin = new FakeAdmin();
  await admin.listen();
});

afterEach(() => admin.close());

describe('the command', () => {
  const restored = () => admin.asked.filter(({ url }) => url === '/v1/revisions/1/restore');

  test('--yes restores the one before the last change without a dry run, over what it was chosen from', async () => {
    const ended = await runAgainst(admin.url, { yes: true }, (call) => runRollback(call, undefined));
    expect(ended).toEqual({
      code: 0,
      stderr: '',
      stdout: `restore of revision 1; it undoes revisions 2 to 3, by ci 3 h ago: canary step 2 (2 steps; --step undoes the latest alone)
revision 5, obeyed by 2 of 2 workers
  pools.shop.split.v1  90 -> 100
`,
    });
    expect(admin.asked.map(({ method, url, ifMatch }) => [method, url, ifMatch])).toEqual([
      ['GET', '/v1/journal?kind=revision&last=100', undefined],
      ['GET', '/v1/pools', undefined],
      ['GET', '/v1/revisions?limit=50', undefined],
      ['POST', '/v1/revisions/1/restore', '"4"'],
    ]);
    expect(restored()[0]?.body).toEqual({ pools: ['shop'], force: true, reason: 'rollback of revisions 2 to 3: canary step 2' });
  });

  test('--yes to a revision that was named restores it over whatever there is', async () => {
    const { code, stdout } = await runAgainst(admin.url, { yes: true }, (call) => runRollback(call, 1));
    expect([code, stdout.split('\n')[0]]).toEqual([0, 'restore of revision 1']);
    expect(admin.asked.map(({ url, ifMatch, body }) => [url, ifMatch, body])).toEqual([
      ['/v1/revisions/1/restore', undefined, { force: true, reason: 'rollback to revision 1' }],
    ]);
  });

  test('--yes keeps to --if-revision', async () => {
    await runAgainst(admin.url, { yes: true, ifRevision: 3 }, (call) => runRollback(call, undefined));
    expect(restored().map(({ ifMatch }) => ifMatch)).toEqual(['"3"']);
  });

  test('--yes with --dry-run shows and ends', async () => {
    await runAgainst(admin.url, { yes: true, dryRun: true }, (call) => runRollback(call, 1));
    expect(admin.asked.map(({ url }) => url)).toEqual(['/v1/revisions/1/restore?dryRun=true']);
  });

  test('--yes and somebody else was faster', async () => {
    admin.scripted.set('POST /v1/revisions/1/restore', problem(412, 'The current revision is 9.', { revision: 9 }));
    const ended = await runAgainst(admin.url, { yes: true }, (call) => runRollback(call, undefined));
    expect(ended).toMatchObject({ code: 4, stderr: expect.stringContaining('the current one is revision 9') as string });
  });

  test('lets users stay when it is told to, in the preview as well', async () => {
    await runAgainst(admin.url, { keepUsers: true }, (call) => runRollback(call, undefined), new FakeTerminal('y'));
    expect(restored()[0]?.body).toEqual({ pools: ['shop'], sessions: 'keep', reason: 'rollback of revisions 2 to 3: canary step 2' });
    expect(admin.asked.filter(({ method }) => method === 'POST').map(({ body }) => body?.['sessions'])).toEqual(['keep', 'keep']);
  });

  test('to what is in force already still moves users that had stayed, and shows it', async () => {
    const response = { revision: 4, dryRun: true, differences: [], moved: ['shop'] };
    admin.scripted.set('POST /v1/revisions/4/restore', { status: 200, body: response });
    const { stdout } = await runAgainst(admin.url, {}, (call) => runRollback(call, 4), new FakeTerminal('y'));
    expect(stdout).toBe(`all that you may restore is already as in revision 4
  users of shop will follow the weights at once
nothing to change: revision 4 is already so
  users of shop follow the weights at once
`);
  });

  test('where nothing is left that the caller may restore, nothing is said to be undone', async () => {
    const response = { revision: 4, differences: [] };
    admin.scripted.set('POST /v1/revisions/1/restore', { status: 200, body: response });
    const said = `nothing to do: all that you may restore is already as in revision 1
  what else revisions 2 to 3 changed stays in force: an admin takes it back (sluice rollback 1), or an edit of the file does
`;
    expect(await runAgainst(admin.url, { yes: true }, (call) => runRollback(call, undefined))).toMatchObject({ code: 0, stdout: said });
    admin.scripted.set('POST /v1/revisions/1/restore', { status: 200, body: { ...response, dryRun: true } });
    expect(await runAgainst(admin.url, {}, (call) => runRollback(call, undefined), new FakeTerminal('y'))).toMatchObject({ stdout: said });
    const named = await runAgainst(admin.url, {}, (call) => runRollback(call, 1), new FakeTerminal('y'));
    expect(named.stdout).toBe('nothing to do: all that you may restore is already as in revision 1\n');
  });

  test('a person is asked where all versions that would have a share are drained', async () => {
    const detail = 'All versions of pool shop that would have a share are drained. Send "force": true if that is meant.';
    admin.scripted.set('POST /v1/revisions/1/restore', problem(409, detail));
    const terminal = new FakeTerminal('n');
    const ended = await runAgainst(admin.url, {}, (call) => runRollback(call, 1), terminal);
    expect([ended.code, terminal.questions]).toEqual([1, ['All versions of pool shop that would have a share are drained. Go on? [y/N] ']]);
    expect(restored()).toEqual([]);
  });

  test('a person says yes', async () => {
    const terminal = new FakeTerminal('y');
    const { code, stdout } = await runAgainst(admin.url, { reason: 'errors' }, (call) => runRollback(call, undefined), terminal);
    expect([code, terminal.questions]).toEqual([0, ['Restore revision 1? [y/N] ']]);
    expect(stdout).toContain('revision 5, obeyed');
    expect(restored()[0]?.body).toEqual({ pools: ['shop'], reason: 'errors' });
  });

  test.each(['', 'n', 'yep'])('a person says "%s"', async (word) => {
    const terminal = new FakeTerminal(word);
    const ended = await runAgainst(admin.url, {}, (call) => runRollback(call, undefined), terminal);
    expect([ended.code, ended.stderr, restored()]).toEqual([1, 'error: not confirmed: nothing was changed\n', []]);
  });

  test('nobody is there', async () => {
    const ended = await runAgainst(admin.url, {}, (call) => runRollback(call, undefined));
    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--yes') as string });
    expect(admin.asked).toEqual([]);
  });

  test('a dry run shows and ends', async () => {
    const { code, stdout } = await runAgainst(admin.url, { dryRun: true }, (call) => runRollback(call, 1));
    expect([code, stdout]).toEqual([0, 'restore of revision 1\n  pools.shop.split.v1  90 -> 100\n']);
    expect(admin.asked.map(({ url }) => url)).toEqual(['/v1/revisions/1/restore?dryRun=true']);
  });

  test('somebody else was faster', async () => {
    const stale = problem(412, 'The current revision is 9.', { revision: 9 });
    const terminal = new FakeTerminal('y');
    terminal.ask = () => {
      admin.scripted.set('POST /v1/revisions/1/restore', stale);
      return Promise.resolve('y');
    };
    const ended = await runAgainst(admin.url, {}, (call) => runRollback(call, undefined), terminal);
    expect(ended).toMatchObject({ code: 4, stderr: expect.stringContaining('the current one is revision 9') as string });
  });

  test('looks further back, page by page', async () => {
    const dull = Array.from({ length: 120 }, (_, index) => ({ ...history()[0]!, revision: 200 - index }));
    admin.revisions = [...dull, ...history().slice(1)];
    await runAgainst(admin.url, { yes: true }, (call) => runRollback(call, undefined));
    expect(admin.asked.slice(2, 5).map(({ url }) => url)).toEqual([
      '/v1/revisions?limit=50',
      '/v1/revisions?limit=50&before=151',
      '/v1/revisions?limit=50&before=101',
    ]);
    expect(restored()).toHaveLength(1);
  });

  test('--step undoes the latest step alone', async () => {
    const { stdout } = await runAgainst(admin.url, { yes: true, step: true }, (call) => runRollback(call, undefined));
    expect(stdout).toMatch(/^restore of revision 2; it undoes revision 3, by ci 3 h ago: canary step 2$/m);
    expect(admin.asked.at(-1)).toMatchObject({ url: '/v1/revisions/2/restore', body: { pools: ['shop'] } });
    const both = await runAgainst(admin.url, { yes: true, step: true }, (call) => runRollback(call, 2));
    expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('not both') as string });
  });

  test('said again it changes nothing, whoever says it', async () => {
    const back = { path: 'pools.shop.split.v2', before: '10', after: undefined };
    admin.revisions = [{ ...history()[0]!, revision: 5, cause: 'restore', author: 'ann', differences: [back] }, ...history()];
    const change = { kind: 'restore', revision: 1, pools: ['shop'] };
    admin.journal = [{ seq: 1, atMs: NOW_MS, kind: 'revision', author: 'ann', revision: 5, detail: { cause: 'restore', change } }];
    for (const options of [{ yes: true }, {}, { dryRun: true }]) {
      const ended = await runAgainst(admin.url, options, (call) => runRollback(call, undefined), new FakeTerminal('y'));
      expect(ended).toMatchObject({ code: 0, stderr: '' });
      expect(ended.stdout).toMatch(
        /^already rolled back: revision 5, by ann 1 min ago, undid revisions 2 to 3, and no traffic was changed since$/m,
      );
    }
    const json = await runAgainst(admin.url, { yes: true, json: true }, (call) => runRollback(call, undefined));
    expect(JSON.parse(json.stdout)).toEqual({ revision: 5, differences: [], undone: { revision: 3, by: 5 } });
    expect(admin.asked.filter(({ method }) => method === 'POST')).toEqual([]);
  });

  describe('step by step, with an unrelated change on top', () => {
    const revision = (number: number, cause: string, path: string, before: string | undefined, after: string | undefined) => ({
      ...history()[0]!,
      ...{ revision: number, atMs: NOW_MS - 60_000, cause, author: 'ann', reason: '', differences: [{ path, before, after }] },
    });
    const back = (seq: number, made: number, to: number) => {
      const change = { kind: 'restore', revision: to, pools: ['shop'] };
      return { seq, atMs: NOW_MS, kind: 'revision', author: 'ann', revision: made, detail: { cause: 'restore', change } };
    };
    const made = [
      revision(44, 'api', 'pools.shop.overrides.qa', undefined, '{}'),
      revision(43, 'api', 'pools.shop.split.v2', '10', '20'),
      revision(42, 'api', 'pools.shop.split.v2', '5', '10'),
      revision(41, 'start', 'accessLog', undefined, 'off'),
    ];
    const backs = [
      revision(47, 'restore', 'pools.shop.split.v2', '10', '5'),
      revision(46, 'restore', 'pools.shop.split.v2', '20', '10'),
      revision(45, 'restore', 'pools.shop.overrides.qa', '{}', undefined),
    ];
    const lines = [back(1, 45, 43), back(2, 46, 42), back(3, 47, 41)];
    const again = async (steps: number) => {
      admin.revisions = [...backs.slice(3 - steps), ...made];
      admin.journal = lines.slice(0, steps);
      return runAgainst(admin.url, { yes: true }, (call) => runRollback(call, undefined));
    };

    test.each([
      [1, 'revision 45', 'revision 44'],
      [2, 'revision 46', 'revision 43'],
      [3, 'revision 47', 'revision 42'],
    ])('after %i rollbacks it names what the latest undid', async (steps, by, undone) => {
      const { code, stdout } = await again(steps);
      expect([code, stdout]).toEqual([0, expect.stringContaining(`already rolled back: ${by}, by ann 1 min ago, undid ${undone}, and`)]);
    });

    test('says what is still in force, and how to go further', async () => {
      const left = `  still in force: revision 43, by ann 1 min ago
    pools.shop.split.v2  10 -> 20
  still in force: revision 42, by ann 1 min ago
    pools.shop.split.v2  5 -> 10
  sluice rollback --step undoes revision 43
`;
      expect((await again(1)).stdout).toContain(left);
      expect((await again(0)).stdout).toContain(left);
      expect((await again(2)).stdout).not.toContain('still in force: revision 43');
      expect((await again(3)).stdout).not.toContain('still in force');
    });
  });

  test('nothing on record', async () => {
    admin.revisions = history().slice(3);
    const ended = await runAgainst(admin.url, { yes: true }, (call) => runRollback(call, undefined));
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining('no change of traffic is on record') as string });
  });

  test('--yes --json: the response, and nothing else', async () => {
    const ended = await runAgainst(admin.url, { json: true, yes: true }, (call) => runRollback(call, undefined));
    expect([JSON.parse(ended.stdout), ended.stderr]).toMatchObject([{ revision: 5 }, '']);
  });

  test('--json: the response alone on stdout, the plan on stderr for the person who is asked', async () => {
    const ended = await runAgainst(admin.url, { json: true }, (call) => runRollback(call, undefined), new FakeTerminal('yes'));
    expect(JSON.parse(ended.stdout)).toMatchObject({ revision: 5 });
    expect(ended.stderr).toContain('restore of revision 1');
  });
});
