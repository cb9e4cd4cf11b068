// Opens, reads and halts the evidence of a rollout in a Sluice under test. It is loaded from outside (`node --import`) into the main thread, and
// finds the product's own object there, so that the product itself needs no such door.
//
//   startSluice(config, { workers: 2, ...evidenceDoor(path) });    await tellDoor(path, { open: pair });    const { segments } = await tellDoor(path, {});

import { createServer, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { isMainThread } from 'node:worker_threads';
import type { CountedPair, Exposure, RolloutCounts } from '../../../src/control/ports.ts';
import { RolloutEvidence } from '../../../src/control/rollout-evidence.ts';
import type { PoolConfig } from '../../../src/config/model.ts';
import type { SegmentEvidence } from '../../../src/rollout/model.ts';
import { Workers } from '../../../src/threads/workers.ts';

export interface DoorOrder {
  /** Counts from the next change of weights on. */
  readonly open?: CountedPair;
  /** As soon as news says that the canary has so many of both together: the judge of this test. */
  readonly haltAt?: { readonly errors: number } | { readonly hangs: number };
  readonly halt?: boolean;
  /** The workers count at once, by the weights that are served. */
  readonly recount?: boolean;
}

export interface DoorResponse {
  readonly segments: readonly SegmentEvidence[];
  readonly exposed: Exposure;
  readonly halted: boolean;
  /** Messages of workers. */
  readonly news: number;
  /** Milliseconds since the epoch; 0 before. */
  readonly haltedAtMs: number;
}

export function evidenceDoor(socketPath: string): { env: Record<string, string>; nodeArguments: string[] } {
  return { env: { EVIDENCE_DOOR: socketPath }, nodeArguments: ['--import', import.meta.url] };
}

export async function tellDoor(socketPath: string, order: DoorOrder): Promise<DoorResponse> {
  const socket = connect({ path: socketPath, allowHalfOpen: true });
  socket.end(JSON.stringify(order));
  return JSON.parse(await text(socket)) as DoorResponse;
}

const path = process.env['EVIDENCE_DOOR'];
if (path !== undefined && isMainThread) listen(path);

function listen(at: string): void {
  let evidence: RolloutEvidence | undefined;
  let counts: RolloutCounts | undefined;
  let workers: Workers | undefined;
  let served: readonly PoolConfig[] = [];
  let limit: DoorOrder['haltAt'];
  let [news, haltedAtMs] = [0, 0];
  const halt = (): void => {
    counts?.halt();
    haltedAtMs = performance.timeOrigin + performance.now();
  };
  const judge = (): void => {
    news++;
    const of = (pick: (canary: SegmentEvidence['canary']) => number): number =>
      (counts?.read() ?? []).reduce((sum, { canary }) => sum + pick(canary), 0);
    if (limit === undefined || haltedAtMs > 0) return void of(() => 0);
    const isOver = 'errors' in limit ? of(({ errors }) => errors) >= limit.errors : of(({ slow }) => slow[2]) >= limit.hangs;
    if (isOver) halt();
  };
  const plan = RolloutEvidence.prototype.plan;
  RolloutEvidence.prototype.plan = function (this: RolloutEvidence, pools) {
    evidence = this;
    served = pools;
    this.onNews = judge;
    return plan.call(this, pools);
  };
  const apply = Workers.prototype.apply;
  Workers.prototype.apply = function (this: Workers, update) {
    workers = this;
    return apply.call(this, update);
  };
  const obey = async (order: DoorOrder): Promise<object> => {
    if (order.open !== undefined) counts = evidence!.open(order.open);
    if (order.recount === true) await workers!.setRollouts(evidence!.plan(served));
    limit = order.haltAt ?? limit;
    if (order.halt === true) halt();
    return { segments: counts?.read() ?? [], exposed: counts?.exposed(), halted: counts?.halted, news, haltedAtMs };
  };
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let asked = '';
    socket.setEncoding('utf8').on('data', (part: string) => (asked += part));
    socket.on('end', () => void obey(JSON.parse(asked) as DoorOrder).then((response) => socket.end(JSON.stringify(response))));
  });
  server.listen(at).unref();
}
