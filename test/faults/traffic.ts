// Steady requests while a fault is there. It judges nothing: it counts how exchanges ended, and the test says what was right.
//
//   const traffic = startTraffic(sluice, { loops: 8 });
//   ... const tally = await traffic.stop();      tally.ends   Map of '200', '502 upstream_reset', 'cut', 'refused' … to how many

import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { connectAt, get } from '../flow/scaffold/client.ts';
import { open } from '../flow/scaffold/open.ts';
import type { Sluice } from '../flow/scaffold/sluice.ts';
import { Ended } from '../flow/scaffold/wire.ts';
import type { Wire } from '../flow/scaffold/wire.ts';
import { verdictOf } from './rig.ts';

export interface TrafficOptions {
  readonly loops?: number;
  /** Text of the request with that number; default `GET /`. */
  readonly request?: (number: number) => string;
  /** Default: plain HTTP to the first listener. */
  readonly connect?: () => Promise<Wire>;
  /** Between two requests of a loop; default 2 ms. */
  readonly pauseMs?: number;
}

export interface Tally {
  readonly ends: Map<string, number>;
  /** How long each exchange with a response took. */
  readonly tookMs: number[];
  sent: number;
}

export class Traffic {
  readonly tally: Tally = { ends: new Map(), tookMs: [], sent: 0 };
  readonly #sluice: Sluice;
  readonly #options: TrafficOptions;
  readonly #loops: Promise<void>[];
  #stopping = false;

  constructor(sluice: Sluice, options: TrafficOptions) {
    this.#sluice = sluice;
    this.#options = options;
    this.#loops = Array.from({ length: options.loops ?? 8 }, () => this.#loop());
  }

  async stop(): Promise<Tally> {
    await this.close();
    return this.tally;
  }

  async close(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#loops);
  }

  async #loop(): Promise<void> {
    let wire: Wire | undefined;
    while (!this.#stopping) {
      if (wire === undefined || wire.ended) {
        wire?.destroy();
        wire = await this.#connect().catch(() => undefined);
      }
      if (wire === undefined) this.#count('refused');
      else if (!(await this.#once(wire))) wire = (wire.destroy(), undefined);
      await pause(this.#options.pauseMs ?? 2);
    }
    wire?.destroy();
  }

  #connect(): Promise<Wire> {
    return this.#options.connect?.() ?? connectAt(this.#sluice.whereOf());
  }

  /** Whether the connection may be used again. */
  async #once(wire: Wire): Promise<boolean> {
    const request = (this.#options.request ?? (() => get('/')))(this.tally.sent++);
    const began = performance.now();
    try {
      await wire.write(request);
      const response = await wire.readMessage(request.slice(0, request.indexOf(' ')));
      this.tally.tookMs.push(performance.now() - began);
      this.#count(verdictOf(response));
      return response.field('connection') !== 'close';
    } catch (error) {
      this.#count(error instanceof Ended ? 'cut' : `failed: ${String(error)}`);
      return false;
    }
  }

  #count(end: string): void {
    this.tally.ends.set(end, (this.tally.ends.get(end) ?? 0) + 1);
  }
}

export function startTraffic(sluice: Sluice, options: TrafficOptions = {}): Traffic {
  return open(new Traffic(sluice, options));
}

/** Ends by kind, for an assertion to show. */
export function ends(tally: Tally): Record<string, number> {
  return Object.fromEntries([...tally.ends].sort());
}

/** Kinds of ends alone. */
export function kinds(tally: Tally): string[] {
  return [...tally.ends.keys()].sort();
}

/** Responses came as fast as they do when all is well, on a machine that others use as well: half within 50 ms, nearly all within a second. */
export function expectQuick(tally: Tally): void {
  expect(quantile(tally, 0.5)).toBeLessThan(50);
  expect(quantile(tally, 0.99)).toBeLessThan(1_000);
}

/** The time within which that share of the responses came, in milliseconds. */
export function quantile(tally: Tally, share: number): number {
  const sorted = tally.tookMs.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
