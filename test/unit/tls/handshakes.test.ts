// What handshakes may take of a thread: so many in a turn and at once, who waits, and who gives way.

import { beforeEach, expect, it } from 'vitest';
import { HandshakePlace, Handshakes } from '../../../src/tls/handshakes.ts';
import type { HandshakesOptions } from '../../../src/tls/handshakes.ts';
import { ManualClock } from '../../scaffold/manual-clock.ts';

let clock: ManualClock;
let turns: (() => void)[];
let told: string[];
let handshakes: Handshakes;
/** What each handshake takes of the thread. */
let costMs: number;

beforeEach(() => {
  clock = new ManualClock();
  [turns, told, costMs] = [[], [], 0.4];
  handshakes = make({ maxUnderWay: 4, maxWaiting: 8 });
});

function make(options: HandshakesOptions): Handshakes {
  const nextTurn = (fn: () => void): void => void turns.push(fn);
  return new Handshakes(options, { nowMs: () => clock.nowMs(), after: (ms, fn) => clock.after(ms, fn), nextTurn });
}

function come(name: string): HandshakePlace {
  const place: HandshakePlace = new HandshakePlace({
    onHandshakeTurn: () => {
      told.push(name);
      clock.advance(costMs);
    },
    giveWay: () => {
      told.push(`-${name}`);
      handshakes.end(place);
    },
  });
  handshakes.take(place);
  return place;
}

/** One turn of the event loop, in which others take so long. */
function turn(othersMs = 0): void {
  clock.advance(othersMs);
  for (const fn of turns.splice(0)) fn();
}

it('begin at once where nobody waits, and one in a turn where little else is done', () => {
  for (const name of ['a', 'b', 'c']) come(name);
  expect(told).toEqual(['a']);
  turn();
  expect(told).toEqual(['a', 'b']);
  turn(0.1);
  expect(told).toEqual(['a', 'b', 'c']);
  turn();
  come('d');
  expect(told).toEqual(['a', 'b', 'c', 'd']);
});

it('take as much of a turn as others do, and no more than four', () => {
  handshakes = make({ maxUnderWay: 100, maxWaiting: 100 });
  for (let index = 0; index < 20; index++) come(`${index}`);
  turn();
  told = [];
  turn(0.7);
  expect(told).toHaveLength(2);
  turn(50);
  expect(told).toHaveLength(6);
});

it('wait while all places are taken, and go on as soon as one is left', () => {
  const places = ['a', 'b', 'c', 'd'].map((name) => {
    turn();
    return come(name);
  });
  turn();
  come('e');
  come('f');
  turn();
  expect([told, turns]).toEqual([['a', 'b', 'c', 'd'], []]);
  handshakes.end(places[2]!);
  turn();
  expect(told.slice(4)).toEqual(['e']);
  turn();
  expect([told.slice(5), turns]).toEqual([[], []]);
});

it('give way half a second after they have begun, the oldest first, and only where others wait', () => {
  costMs = 0;
  const begin = (name: string): void => {
    turn();
    come(name);
    clock.advance(100);
  };
  ['a', 'b', 'c', 'd'].forEach(begin);
  clock.advance(5000);
  expect(told).toEqual(['a', 'b', 'c', 'd']);
  turn();
  come('e');
  expect(told.slice(4)).toEqual(['-a', 'e']);

  told = [];
  ['f', 'g', 'h'].forEach(begin);
  expect(told).toEqual(['-b', 'f', '-c', 'g', '-d', 'h']);
  told = [];
  turn();
  come('i');
  turn();
  // e began 300 ms ago.
  clock.advance(199);
  expect(told).toEqual([]);
  clock.advance(1);
  expect(told).toEqual(['-e', 'i']);
});

it('come in their order, and the last first where one has waited for a second', () => {
  costMs = 0;
  handshakes = make({ maxUnderWay: 1, maxWaiting: 8 });
  for (const name of ['a', 'b', 'c', 'd']) come(name);
  turn();
  clock.advance(500);
  expect(told).toEqual(['a', '-a', 'b']);
  clock.advance(500);
  expect(told.slice(3)).toEqual(['-b', 'd']);
  clock.advance(500);
  expect(told.slice(5)).toEqual(['-d', 'c']);
});

it('let go of the one that has waited longest where too many wait, and forget those that leave', () => {
  ['a', 'b', 'c', 'd'].forEach((name) => (turn(), come(name)));
  turn();
  const waiting = Array.from({ length: 8 }, (_, index) => come(`w${index}`));
  expect(told).toEqual(['a', 'b', 'c', 'd']);
  come('w8');
  expect(told.slice(4)).toEqual(['-w0']);
  handshakes.end(waiting[1]!);
  handshakes.end(waiting[1]!);
  come('w9');
  expect(told.slice(5)).toEqual([]);
  come('w10');
  expect(told.slice(5)).toEqual(['-w2']);
});
