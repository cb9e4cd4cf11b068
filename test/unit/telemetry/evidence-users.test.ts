import { describe, expect, it } from 'vitest';
import { BASELINE, CANARY, ERRORS } from '../../../src/telemetry/evidence-layout.ts';
import {
  createUsers,
  EvidenceUsers,
  MARK_MET,
  MAX_DRAWN_USERS,
  MAX_NEW_USERS,
  MAX_USERS,
  NO_ROOM,
  NO_USER,
} from '../../../src/telemetry/evidence-users.ts';

const SEED = 0x1234;

function filled(count: number): { readonly memory: SharedArrayBuffer; readonly users: EvidenceUsers } {
  const memory = createUsers(SEED);
  const users = new EvidenceUsers(memory);
  for (let user = 0; users.size < count; user++) users.find(`user-${user}`, false);
  return { memory, users };
}

describe('the users of a rollout', () => {
  it('have one slot each, whichever thread asks', () => {
    const memory = createUsers(SEED);
    const [one, other] = [new EvidenceUsers(memory), new EvidenceUsers(memory)];
    const slot = one.find('ada', false);
    expect(slot).toBeGreaterThanOrEqual(0);
    expect([other.find('ada', true), other.lookUp('ada'), one.size]).toEqual([slot, slot, 1]);
    expect(other.find('grace', false)).not.toBe(slot);
    expect(one.lookUp('alan')).toBe(NO_USER);
    expect(other.size).toBe(2);
  });

  it('are marked once with each mark, by whom it may be', () => {
    const memory = createUsers(SEED);
    const [one, other] = [new EvidenceUsers(memory), new EvidenceUsers(memory)];
    const slot = one.find('ada', false);
    expect([one.mark(slot, 1 << ERRORS), other.mark(slot, 1 << ERRORS)]).toEqual([true, false]);
    expect(one.mark(one.find('grace', false), 1 << ERRORS)).toBe(true);
  });

  it('are drawn once: segment and arm of the first draw stay', () => {
    const users = new EvidenceUsers(createUsers(SEED));
    const slot = users.find('ada', false);
    users.mark(slot, 1 << ERRORS);
    expect(users.segmentOf(slot, BASELINE)).toBe(-1);
    expect([users.assign(slot, 258, CANARY), users.assign(slot, 3, BASELINE)]).toEqual([true, false]);
    expect([users.segmentOf(slot, CANARY), users.segmentOf(slot, BASELINE)]).toEqual([2, -1]);
    expect([users.mark(slot, 1 << ERRORS), users.mark(slot, MARK_MET), users.mark(slot, MARK_MET)]).toEqual([false, true, false]);
    expect([users.segmentOf(slot, CANARY), users.segmentOf(slot, BASELINE)]).toEqual([2, -1]);
  });

  it('finish once in each segment, until they fail', () => {
    const users = new EvidenceUsers(createUsers(SEED));
    const slot = users.find('ada', false);
    users.assign(slot, 255, CANARY);
    users.mark(slot, MARK_MET);
    expect([0, 0, 63, 63, 0].map((place) => users.finish(slot, place))).toEqual([true, false, true, false, true]);
    expect(users.segmentOf(slot, CANARY)).toBe(255);
    users.mark(slot, 1 << ERRORS);
    expect([users.finish(slot, 5), users.mark(slot, MARK_MET)]).toEqual([false, false]);
  });

  it('are bounded: those who are known stay known, others find no room', () => {
    const { users } = filled(MAX_DRAWN_USERS);
    expect([users.find('nobody yet', false), users.find('nobody yet', true), users.size]).toEqual([NO_ROOM, NO_ROOM, MAX_DRAWN_USERS]);
    expect(users.find('user-0', false)).toBeGreaterThanOrEqual(0);
  });

  it('who fail have room where the others have none, and count for that alone', () => {
    const { users } = filled(MAX_DRAWN_USERS);
    const failed = users.findFailed('she');
    expect([users.find('she', false), users.isFailedAlone(failed), users.isFailedAlone(users.find('user-0', false))]).toEqual([
      failed,
      true,
      false,
    ]);
    expect([ERRORS, ERRORS, ERRORS + 1].map((cell) => users.mark(failed, 1 << cell))).toEqual([true, false, false]);
    for (let user = 0; users.size < MAX_USERS; user++) users.findFailed(`failing-${user}`);
    expect([users.findFailed('he'), users.findFailed('she'), users.size]).toEqual([NO_ROOM, failed, MAX_USERS]);
  });

  it('whose keys were made for the request take half of the room at most, and stand for themselves then', () => {
    const { users } = filled(MAX_NEW_USERS);
    expect([users.find('made just now', true), users.size]).toEqual([NO_USER, MAX_NEW_USERS]);
    expect(users.find('came with it', false)).toBeGreaterThanOrEqual(0);
    expect(users.size).toBe(MAX_NEW_USERS + 1);
  });

  it('lie elsewhere under another seed', () => {
    const slots = (seed: number): number[] => {
      const users = new EvidenceUsers(createUsers(seed));
      return ['a', 'b', 'c', 'd'].map((key) => users.find(key, false));
    };
    expect(slots(1)).not.toEqual(slots(2));
  });
});
