// A change is plain data: written as JSON and read again it does the same, and a list of them that is done again ends where the first did.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readFiles } from '../../../src/config/decode.ts';
import type { Change } from '../../../src/control/control-api.ts';
import { shownChange } from '../../../src/control/shown-change.ts';
import type { AmendSubmission, Submission } from '../../../src/control/submission.ts';
import { open, yaml } from '../../unit/control/fakes.ts';

const AFFINITY = 'affinity: { cookie: {}, remember: { time: 2h, quiet: 30m, users: 1000 } }';

const version = fc.constantFrom('v1', 'v2', 'v9');
const pool = fc.constantFrom('shop', 'none');
const name = fc.constantFrom('a', 'b');
const sessions = fc.option(fc.constantFrom('keep' as const, 'move' as const), { nil: undefined });
const weights = fc.dictionary(version, fc.integer({ min: -1, max: 100 }), { maxKeys: 3 });
const override = fc.oneof(fc.record({ header: fc.record({ name: fc.constant('x-v'), value: fc.string() }), version }), fc.jsonValue());
const mirror = fc.oneof(fc.record({ version, percent: fc.integer({ min: 0, max: 120 }) }), fc.jsonValue());
const endpoint = fc.constantFrom(undefined, '127.0.0.1:9001', '127.0.0.1:1');
const document = fc.oneof(
  fc.integer({ min: 0, max: 100 }).map((weight) => yaml({ weight, pool: AFFINITY })),
  fc.integer({ min: 0, max: 100 }).map((weight) => readFiles([{ file: '/x.yaml', text: yaml({ weight }) }]).document?.value),
  fc.jsonValue(),
);

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant('split' as const), pool, weights, sessions }),
  fc.record({ kind: fc.constant('override' as const), pool, name, override }),
  fc.record({ kind: fc.constantFrom('remove-override' as const, 'remove-mirror' as const), pool, name }),
  fc.record({ kind: fc.constantFrom('clear-overrides' as const, 'clear-mirrors' as const), pool }),
  fc.record({ kind: fc.constant('mirror' as const), pool, name, mirror }),
  fc.record({ kind: fc.constantFrom('drain' as const, 'resume' as const), pool, version, endpoint }),
  fc.record({ kind: fc.constant('drain' as const), pool, version, endpoint, deadlineMs: fc.nat(9_000) }),
  fc.record({ kind: fc.constant('config' as const), document }),
  fc.record({ kind: fc.constant('restore' as const), revision: fc.integer({ min: 0, max: 6 }), sessions }),
);

const amend = (changes: fc.Arbitrary<Change>): fc.Arbitrary<AmendSubmission> =>
  fc.record({
    kind: fc.constant('amend' as const),
    cause: fc.constantFrom('api' as const, 'restore' as const),
    author: fc.string(),
    role: fc.constantFrom('operator' as const, 'admin' as const),
    reason: fc.string(),
    expected: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined, freq: 4 }),
    dryRun: fc.boolean(),
    change: changes,
  });

const submission: fc.Arbitrary<Submission> = fc.oneof(
  { weight: 8, arbitrary: amend(change) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('file' as const), cause: fc.constantFrom('file' as const, 'signal' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('discovered' as const) }) },
);

/** What comes of them, one after the other, and where it ends. */
async function carryOut(submissions: readonly Submission[]) {
  const { controller, journal, dataPlane, movedUsers } = await open();
  const text = yaml({ pool: AFFINITY });
  const started = await controller.apply(() => ({ read: readFiles([{ file: '/etc/sluice.yaml', text }]) }), 'start');
  expect(started.result).toBe('applied');
  const outcomes: unknown[] = [];
  for (const each of submissions) outcomes.push(await controller.submitAny(each));
  const { config, amendments, revision } = controller;
  const served = dataPlane.updates.map((update) => [update.revision, update.config]);
  return { outcomes, config, amendments, revision, served, movedUsers, lines: await journal.lines({ after: 0, limit: 1000 }) };
}

const copied = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

it('does the same when it was written as JSON and read again, whatever the order', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(submission, { minLength: 1, maxLength: 6 }), async (submissions) => {
      expect(await carryOut(copied(submissions))).toEqual(await carryOut(submissions));
    }),
    { numRuns: 60 },
  );
});

it('each kind of change on its own, with a revision to restore', { timeout: 120_000 }, async () => {
  const first: Submission = {
    kind: 'amend',
    cause: 'api',
    author: '',
    role: 'operator',
    reason: '',
    expected: undefined,
    dryRun: false,
    change: { kind: 'split', pool: 'shop', weights: { v1: 1, v2: 2 } },
  };
  await fc.assert(
    fc.asyncProperty(amend(change), async (submissions) => {
      const done = await carryOut([first, submissions]);
      expect(await carryOut(copied([first, submissions]))).toEqual(done);
      // A line of the journal has the change that made the revision.
      const line = done.lines.filter(({ detail }) => 'change' in detail).at(-1);
      expect(line?.detail['change']).toEqual(copied(shownChange(done.revision === 3 ? submissions.change : first.change)));
    }),
    { numRuns: 100 },
  );
});
