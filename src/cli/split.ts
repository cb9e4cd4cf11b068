// `sluice split <pool> [version=weight…]`: shows the weights, replaces all of them, gives some of them a share, or goes back to the file's.

import type { PoolStatus } from '../api/pools.ts';
import { ask, show, showJson, showWrite, type AdminCall, type WriteOptions } from './admin-call.ts';
import { pathOf } from './admin-client.ts';
import { forcefulWrite } from './careful-write.ts';
import { EXIT, Failure } from './failure.ts';
import { readResponse } from './read-response.ts';
import { viewSplit } from './pool-view.ts';
import { describeWeights, parseWeights, scaleOthers, type TypedWeights, type Weights } from './weights.ts';

export interface SplitOptions extends WriteOptions {
  /** Users follow the weights at once, also those that keep their version by `affinity.remember`. */
  readonly moveUsers?: boolean | undefined;
  /** Back to what the file says. */
  readonly reset?: boolean | undefined;
}

interface Asked {
  readonly weights: Weights;
  /** That they were worked out from; undefined where they were named outright. */
  readonly revision: number | undefined;
}

export async function runSplit(call: AdminCall<SplitOptions>, pool: string, words: readonly string[]): Promise<void> {
  const { moveUsers, reset } = call.options;
  const path = pathOf('v1', 'pools', pool, 'split');
  if (reset === true) {
    if (words.length > 0) throw new Failure(EXIT.usage, 'give weights or --reset, not both');
    return showWrite(call, await forcefulWrite(call, { method: 'DELETE', path }, { pool }));
  }
  if (words.length === 0) return showSplit(call, pool);
  const { weights, revision } = await readWeights(call, pool, parseWeights(words));
  const exact = { ...call, options: { ...call.options, ifRevision: call.options.ifRevision ?? revision } };
  const body = moveUsers === true ? { weights, sessions: 'move' } : { weights };
  showWrite(call, await forcefulWrite(exact, { method: 'PUT', path, body }, { pool }), () => [`${pool}: ${describeWeights(weights)}`]);
}

async function readWeights(call: AdminCall, pool: string, { kind, values }: TypedWeights): Promise<Asked> {
  const names = Object.keys(values);
  if (kind === 'weights' && names.length > 1) return { weights: values, revision: undefined };
  const present = await readPool(call, pool);
  if (kind === 'weights') {
    refuseOneOfSeveral(call, present, values);
    return { weights: values, revision: undefined };
  }
  const unknown = names.find((name) => !Object.hasOwn(present.weights, name));
  if (unknown !== undefined) {
    const there = Object.keys(present.weights).join(', ');
    throw new Failure(EXIT.refused, `pool ${pool} has no version ${unknown}`, [`versions of ${pool}: ${there}`]);
  }
  return { weights: scaleOthers(present.weights, values), revision: present.revision };
}

/** It could mean all requests or a share: both are spelled out. */
function refuseOneOfSeveral(call: AdminCall, { name: pool, weights: present }: PoolStatus, values: Weights): void {
  const [[name, weight] = ['', 0]] = Object.entries(values);
  const others = Object.keys(present).filter((each) => each !== name);
  if (others.length === 0 || !Object.hasOwn(present, name)) return;
  const { paint } = call.terminal;
  const all = `sluice split ${pool} ${others.map((each) => `${each}=0`).join(' ')} ${name}=${weight > 0 ? weight : 1}`;
  const share = `sluice split ${pool} ${name}=${weight}%`;
  throw new Failure(EXIT.usage, `${name}=${weight} names one of the ${others.length + 1} versions of ${pool}: nothing was changed`, [
    ...(weight <= 100 ? [`${paint('strong', share)}   gives ${name} ${weight} % and scales the others`] : []),
    `${paint('strong', all)}   gives ${name} everything`,
  ]);
}

async function readPool(call: AdminCall, pool: string): Promise<PoolStatus> {
  return readResponse('Pool', await ask(call, { method: 'GET', path: pathOf('v1', 'pools', pool) }, { pool }));
}

async function showSplit(call: AdminCall, pool: string): Promise<void> {
  if (call.options.json === true) {
    return showJson(call, await ask(call, { method: 'GET', path: pathOf('v1', 'pools', pool, 'split') }, { pool }));
  }
  show(call, viewSplit(await readPool(call, pool), call.terminal.paint));
}
