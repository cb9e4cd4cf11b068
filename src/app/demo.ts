// `sluice demo`: v1 to v4 of an application in this process, and `config/demo.yaml` in front of them.

import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_ADMIN } from '../cli/admin-address.ts';
import type { LoadResult } from '../config/decode.ts';
import type { Config, EndpointConfig } from '../config/model.ts';
import type { Log } from '../lib/log.ts';
import { DemoUpstream } from './demo-upstreams.ts';
import type { Instance } from './instance.ts';
import { readyLine, run } from './run.ts';

const CONFIG = fileURLToPath(new URL('../../config/demo.yaml', import.meta.url));

/** How the one who reads it has called us. */
const SLUICE = process.env['npm_lifecycle_event'] === 'start' ? 'npm start --' : 'sluice';

export interface DemoOptions {
  readonly log: Log;
  /** Told of a drain what it waits for; default: the log. */
  readonly tellLeft?: ((requests: number) => void) | undefined;
  /** Let the kernel choose all ports. */
  readonly anyPort: boolean;
  readonly print: (line: string) => void;
}

export async function demo({ log, tellLeft, anyPort, print }: DemoOptions): Promise<number> {
  const upstreams = ['v1', 'v2', 'v3', 'v4'].map((version) => new DemoUpstream(version));
  try {
    const ports = new Map<string, number>();
    for (const [index, upstream] of upstreams.entries()) ports.set(upstream.version, await upstream.listen(anyPort ? 0 : 9001 + index));
    const transform = (load: LoadResult): LoadResult =>
      anyPort && load.config !== undefined ? { ...load, config: withPorts(load.config, ports) } : load;
    let isReady = false;
    const onReady = (instance: Instance): void => {
      isReady = true;
      invite(instance, print);
    };
    const code = await run({ config: CONFIG, workers: undefined, log, tellLeft, transform, onReady });
    if (!isReady && !anyPort) print(`sluice demo: it did not start; where a port is taken: ${SLUICE} demo --any-port`);
    return code;
  } catch (error) {
    print(`sluice demo: ${error instanceof Error ? error.message : String(error)} (try: ${SLUICE} demo --any-port)`);
    return 1;
  } finally {
    for (const upstream of upstreams) upstream.close();
  }
}

function invite(instance: Instance, print: (line: string) => void): void {
  const web = instance.ports['web'] ?? 8080;
  const admin = instance.adminAddress.kind === 'tcp' ? instance.adminAddress.port : 9901;
  print(readyLine(instance));
  print(`try: curl http://127.0.0.1:${web}/                       90 of 100 requests reach v1, 10 reach v2`);
  print(`     curl -H 'x-version: v3' http://127.0.0.1:${web}/    a header picks the version`);
  const there = `http://127.0.0.1:${admin}` === DEFAULT_ADMIN ? '' : ` --admin http://127.0.0.1:${admin}`;
  print(`     curl http://127.0.0.1:${admin}/metrics | grep sluice_requests_total`);
  print(`     ${SLUICE} split shop v1=50 v2=50${there}     and take it back: ${SLUICE} rollback${there}`);
  print(`     curl -s "http://127.0.0.1:${web}/items/[1-1000]" -o /dev/null     then, whether v3 would respond the same way:`);
  print(`     ${SLUICE} mirror report shop dark${there}`);
  print(
    `     while curl -s "http://127.0.0.1:${web}/[1-500]" -o /dev/null; do :; done     traffic, and in another terminal a bad release:`,
  );
  print(`     ${SLUICE} rollout start shop v4 --template demo --watch${there}     it is taken back after a few requests`);
  print(`     edit ${shownPath()} (split: { v1: 50, v2: 50 }) and save: no restart, no request lost`);
}

/** Short where the reader stands beside it. */
function shownPath(): string {
  const path = relative(process.cwd(), CONFIG);
  return path.startsWith('..') ? CONFIG : path;
}

function withPorts(config: Config, ports: ReadonlyMap<string, number>): Config {
  const endpoint = (version: string): EndpointConfig[] => {
    const port = ports.get(version)!;
    return [{ address: { kind: 'tcp', host: '127.0.0.1', port }, key: `127.0.0.1:${port}`, weight: 1, zone: undefined, drain: false }];
  };
  return {
    ...config,
    listeners: config.listeners.map((listener) => ({ ...listener, address: { kind: 'tcp', host: '127.0.0.1', port: 0 } })),
    admin: { ...config.admin, address: { kind: 'tcp', host: '127.0.0.1', port: 0 } },
    pools: config.pools.map((pool) => ({
      ...pool,
      versions: pool.versions.map((version) => ({ ...version, endpoints: endpoint(version.name) })),
    })),
  };
}
