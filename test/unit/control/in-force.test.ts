// All or nothing: whoever of the real participants fails, and whenever, everything is as it was, and the next change works.

import { describe, expect, it } from 'vitest';
import { allOrNothing } from '../../../src/control/in-force/all-or-nothing.ts';
import { CannotGoBack } from '../../../src/control/in-force/participant.ts';
import type { Participant } from '../../../src/control/in-force/participant.ts';
import { participantsOf } from '../../../src/control/in-force/participants.ts';
import { Transition } from '../../../src/control/in-force/transition.ts';
import { decodeRead, readFiles } from '../../../src/config/decode.ts';
import { diffConfigs } from '../../../src/config/diff.ts';
import { open, yaml } from './fakes.ts';

/** `committed`: it has taken effect already. */
type Phase = 'prepare' | 'commit' | 'committed' | 'release';

/** Fails at one point of one participant: instead of what it would do there, or after it. */
interface Failing {
  readonly at: string;
  readonly phase: Phase;
}

const NAMES = participantsOf((await open()).deps, () => false).map(({ name }) => name);
// What is durable cannot be undone: the journal is last.
const POINTS = NAMES.flatMap((at) => (['prepare', 'commit', 'committed'] as const).map((phase): Failing => ({ at, phase }))).filter(
  ({ at, phase }) => at !== 'journal' || phase !== 'committed',
);

async function start() {
  const opened = await open();
  const { deps, log } = opened;
  const calls: string[] = [];
  const put = async (text: string, failing?: Failing) => {
    const read = readFiles([{ file: '/etc/sluice.yaml', text }]);
    const load = decodeRead(read);
    expect(load.problems).toEqual([]);
    const revision = deps.keeper.numberOf({ config: load.config!, load }, deps.current.config);
    const origin = { cause: 'api', author: 'ci', reason: '', moved: ['shop'] };
    const differences = deps.current.config === undefined ? [] : diffConfigs(deps.current.config, load.config!);
    const next = new Transition({ revision, read, load, config: load.config!, differences, origin }, deps.current.inForce);
    calls.length = 0;
    const participants = participantsOf(deps, () => false).map((one) => watched(one, calls, failing));
    return allOrNothing(participants, next, log);
  };
  return { ...opened, calls, put };
}

/** The same participant, with its calls noted. */
function watched(participant: Participant, calls: string[], failing: Failing | undefined): Participant {
  const { name } = participant;
  const note = (phase: Exclude<Phase, 'committed'> | 'abort') => {
    calls.push(`${phase} ${name}`);
    if (failing?.at === name && failing.phase === phase) throw new Error(`${name} failed`);
  };
  return {
    name,
    async prepare(next) {
      note('prepare');
      await participant.prepare?.(next);
    },
    async commit(next) {
      note('commit');
      await participant.commit?.(next);
      if (failing?.at === name && failing.phase === 'committed') throw new Error(`${name} failed`);
    },
    async abort(next) {
      note('abort');
      await participant.abort?.(next);
    },
    commitLate: (next) => participant.commitLate?.(next),
    release(next) {
      note('release');
      participant.release?.(next);
    },
  };
}

const REMEMBERING = 'affinity: { cookie: {}, remember: { time: 2h, quiet: 30m, users: 1000 } }';
const FIRST = yaml({ pool: REMEMBERING });
const SECOND = yaml({ version: 'v3', weight: 40, route: 'other', extra: 'admin: { address: 127.0.0.1:9902 }' });

/** All that can be asked of those who took part. */
async function stateOf({ deps, dataPlane, counters, served, movedUsers, followers, journal }: Awaited<ReturnType<typeof start>>) {
  const { current, sessions } = deps;
  const serving = dataPlane.updates.at(-1)!;
  return {
    inForce: current.inForce,
    serving: [serving.revision, serving.config],
    counted: (['listener', 'pool', 'version', 'endpoint', 'route'] as const).map((kind) =>
      kind === 'pool' ? [] : counters.blocks(kind).map((block) => [block.id, block.total(0)]),
    ),
    users: sessions.users('shop'),
    served: [...served],
    moved: [...movedUsers],
    told: followers.steps.filter((step) => !/^(?:expect|mirrors)/.test(step)),
    mirrors: followers.steps.filter((step) => step.startsWith('mirrors')).at(-1),
    kept: [journal.number, await journal.lines({ after: 0, limit: 100 })],
  };
}

describe('a config that is put in force', () => {
  it('is prepared, committed and released by all, in the order of the list', async () => {
    const { calls, put } = await start();
    expect(await put(FIRST)).toBeUndefined();
    const all = (phase: Phase) => NAMES.map((name) => `${phase} ${name}`);
    expect(calls).toEqual([...all('prepare'), ...all('commit'), ...all('release')]);
    expect(new Set(NAMES).size).toBe(NAMES.length);
    expect(NAMES.at(-1)).toBe('journal');
  });

  it.each(POINTS)('leaves everything as it was when $at fails at $phase', async ({ at, phase }) => {
    const opened = await start();
    const { calls, dataPlane, deps, discovery, put } = opened;
    await put(FIRST);
    dataPlane.sets[0]!.version('shop', 'v2').began();
    const before = await stateOf(opened);
    expect((await put(SECOND, { at, phase }))?.message).toBe(`${at} failed`);
    expect(await stateOf(opened)).toEqual(before);
    const begun = calls.filter((call) => call.startsWith('prepare ')).map((call) => call.slice('prepare '.length));
    const aborted = calls.filter((call) => call.startsWith('abort ')).map((call) => call.slice('abort '.length));
    expect(aborted).toEqual(begun.toReversed());
    expect(calls.filter((call) => call.startsWith('release '))).toEqual([]);
    if (begun.includes('discovery')) expect(discovery.steps.at(-1)).toBe('settle shop');
    // The workers still count for what they serve.
    dataPlane.sets[0]!.version('shop', 'v2').began();
    expect(await put(SECOND)).toBeUndefined();
    expect([deps.current.revision, dataPlane.updates.at(-1)!.revision]).toEqual([2, 2]);
    for (const set of dataPlane.sets) set.route('other', 'shop', 'v3');
    expect((await stateOf(opened)).kept[0]).toBe(2);
  });

  it.each(POINTS)('at a start: $at fails at $phase', async ({ at, phase }) => {
    const { deps, put, journal } = await start();
    expect((await put(FIRST, { at, phase }))?.message).toBe(`${at} failed`);
    expect([deps.current.inForce, journal.number]).toEqual([undefined, 0]);
    expect(await put(FIRST)).toBeUndefined();
    expect([deps.current.revision, journal.number]).toEqual([1, 1]);
  });

  it.each(NAMES)('a fault of %s after the last commit is told, and stops nobody else', async (at) => {
    const { calls, journal, lines, put } = await start();
    await put(FIRST);
    expect(await put(SECOND, { at, phase: 'release' })).toBeUndefined();
    expect(calls.filter((call) => call.startsWith('release '))).toEqual(NAMES.map((name) => `release ${name}`));
    expect(lines.filter(({ level }) => level === 'error').map(({ fields }) => fields['participant'])).toEqual([at]);
    expect(journal.number).toBe(2);
  });

  it('goes on undoing when one cannot undo, and stays when it cannot be taken back', async () => {
    const log: string[] = [];
    const note = (what: string) => void log.push(what);
    const told = {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: () => note('told'),
      fatal: () => undefined,
    };
    const one = (name: string, abort: () => void): Participant => ({ name, abort, release: () => note(`release ${name}`) });
    const broken = one('broken', () => {
      note('abort broken');
      throw new Error('no way');
    });
    const fails: Participant = {
      name: 'fails',
      commit() {
        throw new Error('no');
      },
      commitLate: () => note('late'),
    };
    const next = {} as Transition;
    expect((await allOrNothing([one('a', () => note('abort a')), broken, fails], next, told))?.message).toBe('no');
    expect(log).toEqual(['abort broken', 'told', 'abort a']);
    log.length = 0;
    const stuck = one('stuck', () => {
      throw new CannotGoBack('served');
    });
    expect(await allOrNothing([one('a', () => note('abort a')), stuck, fails], next, told)).toBeUndefined();
    expect(log).toEqual(['told', 'late', 'release a', 'release stuck']);
  });
});
