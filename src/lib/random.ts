// The only place that knows chance. Everything else takes it as an argument or imports it from here.

import { randomFillSync } from 'node:crypto';

const KEY_BYTES = 16;
const FRACTION_BYTES = 6;
const SEED_BYTES = 32;

// Asking the system for a few bytes at a time costs microseconds; asking for many costs nothing per use.
const pool = Buffer.allocUnsafeSlow(4096);
let used = pool.length;

/** A key that nobody can guess: 16 random bytes as 22 characters of base64url. */
export function newKey(): string {
  const at = take(KEY_BYTES);
  return pool.toString('base64url', at, at + KEY_BYTES);
}

/** 32 bytes for keys, as base64url. */
export function newSeed(): string {
  return randomFillSync(Buffer.allocUnsafeSlow(SEED_BYTES)).toString('base64url');
}

/** Eight letters and digits that nobody can guess, for names. */
export function newWord(): string {
  return freshFraction().toString(36).slice(2).padEnd(8, '0').slice(0, 8);
}

/** An unguessable fraction, 0 <= x < 1, in steps of 2^-48. */
export function freshFraction(): number {
  return pool.readUIntBE(take(FRACTION_BYTES), FRACTION_BYTES) / 2 ** 48;
}

/** A cheap fraction, 0 <= x < 1, for balancing and jitter; guessable. */
export function randomFraction(): number {
  return Math.random();
}

function take(bytes: number): number {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const at = used;
  used += bytes;
  return at;
}
