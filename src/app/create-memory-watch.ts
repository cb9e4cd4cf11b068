// Joins what presses on the memory of this process with the threads that can do something about it.

import { memoryLimit } from '../control/memory-limit.ts';
import { MemoryWatch } from '../control/memory-watch.ts';
import type { OverloadConfig } from '../config/model.ts';
import { systemClock } from '../lib/clock.ts';
import { collectGarbage, heapBytes } from '../lib/heap.ts';
import type { Log } from '../lib/log.ts';
import { WORKER_MEMORY_BYTES } from '../telemetry/counter-layout.ts';
import type { CounterRegistry } from '../telemetry/counter-registry.ts';
import type { MirrorAnalysis } from '../threads/mirror-analysis.ts';
import type { Workers } from '../threads/workers.ts';

export interface MemoryWatchDeps {
  readonly counters: CounterRegistry;
  readonly workers: Workers;
  readonly mirrorAnalysis: Pick<MirrorAnalysis, 'memoryBytes' | 'collect'>;
  readonly log: Log;
  readonly overload: () => OverloadConfig;
}

export function createMemoryWatch({ counters, workers, mirrorAnalysis, log, overload }: MemoryWatchDeps): MemoryWatch {
  const workerBytes = (): number => counters.blocks('worker').reduce((sum, block) => sum + block.total(WORKER_MEMORY_BYTES), 0);
  return new MemoryWatch({
    clock: systemClock,
    log,
    overload,
    findLimit: memoryLimit,
    liveBytes: () => workerBytes() + mirrorAnalysis.memoryBytes + heapBytes(),
    onPressure: (level) => workers.setPressure(level),
    onCollect: () => {
      workers.collect();
      mirrorAnalysis.collect();
      collectGarbage();
    },
  });
}
