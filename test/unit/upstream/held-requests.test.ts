import { afterEach, beforeEach, expect, it } from 'vitest';
import { Deadlines } from '../../../src/lib/deadlines.ts';
import { HeldRequests } from '../../../src/upstream/held-requests.ts';

interface Request {
  readonly id: number;
}

let deadlines: Deadlines;
let nowMs = 0;
let gone: number[] = [];
let room = Infinity;
let onRelease: (request: Request) => void = () => undefined;
let counts: number[] = [];
let hold: HeldRequests<Request>;

beforeEach(() => {
  deadlines = new Deadlines();
  nowMs = deadlines.refresh();
  gone = [];
  onRelease = () => undefined;
  room = Infinity;
  counts = [];
  const release = (request: Request): void => {
    gone.push(request.id);
    onRelease(request);
  };
  hold = new HeldRequests(
    deadlines,
    release,
    () => room,
    (held) => counts.push(held),
  );
});
afterEach(() => deadlines.close());

function pass(ms: number): void {
  nowMs += ms;
  deadlines.tick(nowMs);
}

function add(count: number): Request[] {
  const requests = Array.from({ length: count }, (_, id) => ({ id }));
  for (const request of requests) hold.add(request);
  return requests;
}

it('sends one scout at a time while nothing opens', () => {
  add(3);
  onRelease = (request) => hold.add(request);
  for (let i = 0; i < 5; i++) pass(150);
  expect(gone).toEqual([0, 1, 2, 0, 1]);
  expect(hold.size).toBe(3);
});

it('lets all go in steps when a connection opens', () => {
  add(200);
  hold.flow();
  expect(gone.length).toBe(64);
  pass(50);
  expect(gone.length).toBe(128);
  pass(50);
  pass(50);
  expect(gone).toEqual(Array.from({ length: 200 }, (_, id) => id));
  expect(hold.size).toBe(0);
});

it('goes back to scouts when one that went comes back', () => {
  add(100);
  hold.flow();
  hold.add({ id: 1_000 });
  pass(150);
  expect(gone.length).toBe(65);
});

it('a scout goes at once when told that there may be an endpoint', () => {
  add(2);
  hold.scout();
  expect(gone).toEqual([0]);
});

it('a request that withdraws is not let go; an empty hold waits for nothing', () => {
  const [first, second] = add(2);
  expect(hold.withdraw(first!)).toBe(true);
  expect(hold.withdraw(first!)).toBe(false);
  pass(150);
  expect(gone).toEqual([1]);
  expect(hold.withdraw(second!)).toBe(false);
  pass(500);
  expect(gone).toEqual([1]);
});

it('lets no more go than there is room for, and a scout always', () => {
  add(5);
  room = 2;
  hold.flow();
  expect(gone).toEqual([0, 1]);
  room = -1;
  pass(50);
  expect(gone).toEqual([0, 1]);
  hold.scout();
  expect(gone).toEqual([0, 1, 2]);
  room = 9;
  pass(150);
  expect(gone).toEqual([0, 1, 2, 3, 4]);
});

it('tells how many are held; a scout that comes back at once never shows as gone', () => {
  const [, second] = add(2);
  onRelease = (request) => hold.add(request);
  pass(150);
  hold.flow();
  expect(counts).toEqual([1, 2, 2, 2]);
  onRelease = () => undefined;
  hold.scout();
  hold.withdraw(second!);
  expect(hold.size).toBe(counts.at(-1));
  hold.flow();
  expect(counts.at(-1)).toBe(0);
});
