// Entry of the thread that compares: takes exchanges from the workers, returns reports, and posts counts. What is compared, and how, is the
// business of `shadow/comparers`. No exchange can end the thread; what it costs in memory is bounded by the thread's heap.

import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { every, nowMs } from '../lib/clock.ts';
import { collectGarbage, heapBytes } from '../lib/heap.ts';
import { forwardLog } from '../lib/log.ts';
import { ComparerSet } from '../compare/comparer-set.ts';
import { ComparisonLoad } from '../compare/comparison-load.ts';
import type { DatedReport } from '../compare/mirror-report.ts';
import type { RecordedExchange } from '../compare/mirrored-exchange.ts';
import type { ComparisonStart, FromComparison, ToComparison } from './comparison-messages.ts';

const COUNTS_MS = 250;
/** A fault that every exchange meets is told this often. */
const FAULTS_MS = 10_000;
const HEAP_STEP_BYTES = 1 << 20;
/** Of `COUNTS_MS`: without an exchange for so long, the garbage of the last ones is collected. Nobody waits for this thread then. */
const CALM_TICKS = 8;

const port = parentPort;
if (port === null) throw new Error('comparison-thread.ts is started by Sluice, as a worker thread');
const load = new ComparisonLoad((workerData as ComparisonStart).load);
const post = (message: FromComparison): void => port.postMessage(message);
const log = forwardLog((line) => post({ kind: 'log', line }));
const comparers = new ComparerSet();

let memoryBytes = 0;
let faults = 0;
let lastFault: Error | undefined;
let faultsToldMs = -Infinity;
/** Ticks since the last exchange; undefined when its garbage is collected. */
let calmTicks: number | undefined;

function compare(recorded: RecordedExchange): void {
  calmTicks = 0;
  try {
    comparers.add(recorded);
  } catch (error) {
    faults += 1;
    lastFault = asError(error);
  } finally {
    load.remove(recorded);
  }
}

function link(worker: MessagePort): void {
  worker.on('message', compare);
}

function setMirrors({ mirrors }: Extract<ToComparison, { kind: 'mirrors' }>): void {
  try {
    comparers.setMirrors(mirrors);
  } catch (error) {
    log.error({ err: asError(error) }, 'mirrors cannot be compared as their config says');
  }
}

function report({ pool, mirror }: Extract<ToComparison, { kind: 'report' }>): void {
  let made: DatedReport | undefined;
  try {
    made = comparers.report(pool, mirror);
  } catch (error) {
    log.error({ err: asError(error), pool, mirror }, 'the report of a mirror could not be made');
  }
  post({ kind: 'reported', pool, mirror, report: made });
}

function tell(): void {
  const counts = comparers.takeCounts();
  if (counts.length > 0) post({ kind: 'counts', counts });
  const bytes = heapBytes();
  if (Math.abs(bytes - memoryBytes) >= HEAP_STEP_BYTES) post({ kind: 'memory', bytes: (memoryBytes = bytes) });
  if (faults === 0 || nowMs() - faultsToldMs < FAULTS_MS) return;
  log.error({ err: lastFault, exchanges: faults }, 'exchanges could not be compared');
  faultsToldMs = nowMs();
  faults = 0;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function rest(): void {
  if (calmTicks === undefined || ++calmTicks < CALM_TICKS) return;
  calmTicks = undefined;
  collectGarbage();
}

every(COUNTS_MS, () => {
  rest();
  tell();
});

port.on('message', (message: ToComparison) => {
  switch (message.kind) {
    case 'mirrors':
      return setMirrors(message);
    case 'link':
      return link(message.port);
    case 'report':
      return report(message);
    case 'collect':
      return collectGarbage();
  }
});
