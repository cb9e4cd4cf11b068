// Commands that may move many users: what they try first, when they ask, and what they do where nobody can be asked.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runDrain, runResume } from '../../../src/cli/drain.ts';
import { runSplit } from '../../../src/cli/split.ts';
import { FakeAdmin, FakeTerminal, problem, runAgainst, shop } from './fake-admin.ts';

let admin: FakeAdmin;

beforeEach(async () => {
  admin = new FakeAdmin();
  await admin.listen();
});

afterEach(() => admin.close());

const SPLIT = 'PUT /v1/pools/shop/split';
const DRAIN = 'POST /v1/pools/shop/versions/v1/drain';
const V1 = { pool: 'shop', version: 'v1', endpoint: undefined };

/** A response that is good as that of the dry run and of the write. */
function moving(users: number): { status: number; body: object } {
  const impact = { pools: [{ pool: 'shop', users }], requests: { compared: 0, otherwise: 0 } };
  return { status: 200, body: { revision: 4, workers: { applied: 2, total: 2 }, differences: [], impact } };
}
const asked = () => admin.asked.map(({ method, url, ifMatch }) => [`${method} ${url}`, ifMatch]);

describe('a split', () => {
  const all = (options: object, terminal?: FakeTerminal) =>
    runAgainst(admin.url, options, (call) => runSplit(call, 'shop', ['v1=0', 'v2=100']), terminal);

  test('of half of the users is made at once, of more not without a word', async () => {
    admin.scripted.set(SPLIT, moving(0.5));
    expect((await all({})).code).toBe(0);
    expect(asked()).toEqual([
      [`${SPLIT}?dryRun=true`, undefined],
      [SPLIT, undefined],
    ]);
    admin.scripted.set(SPLIT, moving(0.9));
    const refused = await all({});
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('90 % of the users of shop would get another version at once; nobody is there to confirm it');
    expect(refused.stderr).toContain('--yes');
    expect(asked()).toHaveLength(3);
  });

  test.each(['', 'n', 'yep'])('is not made when a person says "%s"', async (word) => {
    admin.scripted.set(SPLIT, moving(0.9));
    expect(await all({}, new FakeTerminal(word))).toMatchObject({ code: 1, stderr: 'error: not confirmed: nothing was changed\n' });
    expect(asked()).toHaveLength(1);
  });

  test('is made when a person says yes, over what was shown', async () => {
    admin.scripted.set(SPLIT, moving(0.9));
    const terminal = new FakeTerminal('y');
    expect((await all({}, terminal)).code).toBe(0);
    expect(terminal.questions).toEqual(['90 % of the users of shop would get another version at once. Go on? [y/N] ']);
    expect(asked()).toEqual([
      [`${SPLIT}?dryRun=true`, undefined],
      [SPLIT, '"4"'],
    ]);
  });

  test('with --yes is made at once', async () => {
    admin.scripted.set(SPLIT, moving(1));
    expect((await all({ yes: true })).code).toBe(0);
    expect(asked()).toEqual([[SPLIT, undefined]]);
  });

  test('that names one of several versions is refused, with both readings', async () => {
    for (const options of [{}, { yes: true }, { dryRun: true }]) {
      const ended = await runAgainst(admin.url, options, (call) => runSplit(call, 'shop', ['v2=10']));
      expect(ended).toMatchObject({ code: 2, stdout: '' });
      expect(ended.stderr).toBe(`error: v2=10 names one of the 2 versions of shop: nothing was changed
  sluice split shop v2=10%   gives v2 10 % and scales the others
  sluice split shop v1=0 v2=10   gives v2 everything
`);
    }
    expect(admin.asked.every(({ method }) => method === 'GET')).toBe(true);
    admin.pools = [{ ...shop(), weights: { v1: 1 }, versions: shop().versions.slice(0, 1) }];
    expect((await runAgainst(admin.url, { yes: true }, (call) => runSplit(call, 'shop', ['v1=10']))).code).toBe(0);
  });

  test('of a share scales the others, over the weights that it was worked out from', async () => {
    expect((await runAgainst(admin.url, { yes: true }, (call) => runSplit(call, 'shop', ['v2=25%']))).code).toBe(0);
    expect(admin.asked.at(-1)).toMatchObject({ body: { weights: { v1: 75, v2: 25 } }, ifMatch: '"4"' });
    const nobody = await runAgainst(admin.url, { yes: true }, (call) => runSplit(call, 'shop', ['v9=25%']));
    expect(nobody).toMatchObject({ code: 1, stderr: 'error: pool shop has no version v9\n  versions of shop: v1, v2\n' });
  });

  test('--reset goes back to the file', async () => {
    expect((await runAgainst(admin.url, { yes: true, reset: true }, (call) => runSplit(call, 'shop', []))).code).toBe(0);
    expect(asked()).toEqual([['DELETE /v1/pools/shop/split?force=true', undefined]]);
    expect((await runAgainst(admin.url, { reset: true }, (call) => runSplit(call, 'shop', ['v1=1']))).code).toBe(2);
  });
});

describe('a drain', () => {
  const drain = (options: object, terminal?: FakeTerminal) => runAgainst(admin.url, options, (call) => runDrain(call, V1), terminal);

  test('of the last version that responds asks, and says so to the API', async () => {
    admin.scripted.set(DRAIN, problem(409, 'Pool shop would have no version left that responds. Send "force": true if that is meant.'));
    const refused = await drain({});
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('pool shop would have no version left that responds; nobody is there to confirm it');
    const terminal = new FakeTerminal('y');
    const asking = terminal.ask.bind(terminal);
    terminal.ask = (question) => {
      admin.scripted.delete(DRAIN);
      return asking(question);
    };
    expect((await drain({}, terminal)).code).toBe(0);
    expect(terminal.questions).toEqual(['Pool shop would have no version left that responds. Go on? [y/N] ']);
    expect(admin.asked.filter(({ method }) => method === 'POST').at(-1)?.body).toEqual({ force: true });
  });

  test('with --yes, and a dry run, say that it is meant', async () => {
    expect((await drain({ yes: true })).code).toBe(0);
    expect((await drain({ dryRun: true })).code).toBe(0);
    expect(admin.asked.filter(({ method }) => method === 'POST').map(({ body }) => body)).toEqual([{ force: true }, { force: true }]);
  });

  test('of a version with most users asks as a split does; to resume one that has no other beside it does not', async () => {
    admin.scripted.set(DRAIN, moving(0.9));
    expect((await drain({})).code).toBe(2);
    admin.scripted.set('POST /v1/pools/shop/versions/v1/resume', moving(0.9));
    const resume = () => runAgainst(admin.url, {}, (call) => runResume(call, V1));
    expect((await resume()).code).toBe(2);
    admin.pools = [{ ...shop(), versions: shop().versions.map((version) => ({ ...version, ready: false })) }];
    expect((await resume()).code).toBe(0);
  });
});
