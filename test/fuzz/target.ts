// What can be fuzzed: something that makes inputs by chance, and something that tries one and throws when it finds a fault.

export type Chance = () => number;

/** Bytes as latin1 text. */
export type Input = string;

export interface Target {
  readonly name: string;
  readonly make: (chance: Chance) => Input;
  /** Throws, or rejects, when the input shows a fault. */
  readonly run: (input: Input) => void | Promise<void>;
  readonly close?: () => Promise<unknown>;
}

/** A whole number from 0 to `below` - 1. */
export function pick(chance: Chance, below: number): number {
  return Math.floor(chance() * below);
}

export function choose<T>(chance: Chance, from: readonly T[]): T {
  return from[pick(chance, from.length)]!;
}
