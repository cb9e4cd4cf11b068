// The data plane of one worker inside a test, with pool `shop` that is mirrored as `dark` to v2.

import { connect } from 'node:net';
import { vi } from 'vitest';
import { EvidenceNews } from '../../../../src/telemetry/evidence-news.ts';
import { EvidenceWriters } from '../../../../src/threads/evidence-writers.ts';
import { ServingBuilder } from '../../../../src/threads/serving-builder.ts';
import { decodeText } from '../../../../src/config/decode.ts';
import type { CompareConfig, Config } from '../../../../src/config/model.ts';
import { counterKeys } from '../../../../src/control/counter-keys.ts';
import { Deadlines } from '../../../../src/lib/deadlines.ts';
import type { Log } from '../../../../src/lib/log.ts';
import { ProxyContext } from '../../../../src/proxy/context.ts';
import { Listener } from '../../../../src/proxy/listener.ts';
import { compileTable } from '../../../../src/routing/compile.ts';
import { compileTrust } from '../../../../src/routing/trust.ts';
import { CounterRegistry } from '../../../../src/telemetry/counter-registry.ts';
import { CounterSet } from '../../../../src/telemetry/counter-set.ts';
import { LivePools } from '../../../../src/upstream/live-pools.ts';
import { open } from '../../../flow/scaffold/open.ts';
import { configFor } from '../../../flow/scaffold/sluice.ts';
import { Wire } from '../../../flow/scaffold/wire.ts';
import { adoptPlan } from '../../../scaffold/adopt-plan.ts';

export interface MirroredProxy {
  readonly context: ProxyContext;
  readonly port: number;
  /** Errors of ours. */
  readonly faults: unknown[];
  readonly counted: CounterRegistry;
}

export interface MirroredParts {
  readonly primary: readonly string[];
  readonly shadow: readonly string[];
  readonly mirror?: object;
  readonly pool?: object;
  readonly compare?: Partial<CompareConfig>;
}

const COMPARE: CompareConfig = {
  headers: [],
  ignore: [],
  lists: [],
  numbers: [],
  redact: [],
  examples: 'shapes',
  bodyBytes: 4096,
  perTemplate: 1000,
  noisePercent: 100,
  verdict: { minRequests: 1, maxDifferences: 0.1, maxFailures: 0.1 },
};

const NO_TLS = { ticketSeed: '', listeners: [], upstreams: [] };

export async function startMirrored({ primary, shadow, mirror = {}, pool = {}, compare }: MirroredParts): Promise<MirroredProxy> {
  const mirrors = [{ name: 'dark', version: 'v2', ...mirror }];
  const written = configFor({ endpoints: { v1: [...primary], v2: [...shadow] }, pool: { split: { v1: 1, v2: 0 }, mirrors, ...pool } });
  const plain = decodeText('f.yaml', JSON.stringify(written)).config!;
  const config: Config = compare === undefined ? plain : withCompare(plain, { ...COMPARE, ...compare });
  const faults: unknown[] = [];
  const [deadlines, counters] = [new Deadlines(), new CounterSet(0)];
  const counted = new CounterRegistry(1);
  const plan = counted.reserve(counterKeys(config));
  adoptPlan(counters, plan);
  counted.commit(plan, 'all');
  const log = { info: vi.fn(), warn: vi.fn(), error: (fields: unknown) => faults.push(fields) } as unknown as Log;
  const livePools = new LivePools({
    deadlines,
    counters,
    log,
    worker: 0,
    workers: 1,
    secureFor: () => undefined,
    onFault: (error) => faults.push(error),
  });
  const builder = new ServingBuilder(livePools, counters, new EvidenceWriters(0, new EvidenceNews(() => undefined)));
  const serving = builder.build({ revision: 1, config, counters: plan, sessions: {}, rollouts: [], tls: NO_TLS }, compileTable(config, 1));
  const context = new ProxyContext(serving, deadlines, counters.worker(), log);
  const { limits } = config.listeners[0]!;
  const listener = new Listener(
    { name: 'web', ...limits, http1: true, http2: true, trust: compileTrust([]), tls: undefined, proxyProtocol: false, passthrough: 'off' },
    context,
    counters,
  );
  const port = await listener.open({ host: '127.0.0.1', port: 0, reusePort: false });
  listener.start();
  open({
    close: async () => {
      await listener.retire(0);
      listener.destroyAll();
      livePools.apply([]);
      deadlines.close();
    },
  });
  return { context, port, faults, counted };
}

export async function askAt(port: number, request: string): Promise<{ readonly status: number; readonly body: string }> {
  const wire = open(new Wire(connect(port, '127.0.0.1')));
  await wire.write(request);
  const { status, body } = await wire.readMessage();
  await wire.close();
  return { status, body };
}

function withCompare(config: Config, compare: CompareConfig): Config {
  const pools = config.pools.map((pool) => ({ ...pool, mirrors: pool.mirrors.map((mirror) => ({ ...mirror, compare })) }));
  return { ...config, pools };
}
