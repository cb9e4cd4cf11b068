// The one schema of the whole grammar: it validates, decodes, fills in defaults, and is what editors get as JSON Schema.

import { z } from 'zod';
import type { Config, OverloadConfig, StateConfig } from '../model.ts';
import { SIZE_PATTERN, formatSize, parseSize } from '../size.ts';
import { admin, listener } from './listener.ts';
import { pools } from './pool.ts';
import { rollouts } from './rollout.ts';
import { route } from './route.ts';
import { duration, filePath, share } from './scalar.ts';
import { addProblem, nonEmptyList, list, oneOf, strictMap } from './strict-map.ts';

/** Node with one worker needs more than this to begin with. */
const LEAST_MEMORY = 64 * 1024 ** 2;

/** Decodes plain data to a Config whose file paths are still as written. */
export const schema = strictMap({
  listeners: nonEmptyList('listener', listener()).describe('Addresses that accept connections.'),
  admin: admin().describe('The admin API.'),
  workers: workers().describe(
    'Data-plane threads; auto = the cores that the process may use, by the quota of its cgroup (version 1 or 2).',
  ),
  state: state().describe('Where revisions, journal and rollouts are kept; memory keeps nothing.'),
  drain: drain().describe('What happens on SIGTERM.'),
  overload: overload().describe('When load is shed, before memory runs out.'),
  accessLog: accessLog().describe('One JSON line per exchange.'),
  pools: pools().prefault({}).describe('Applications that requests are sent to, by name.'),
  routes: list(route()).prefault([]).describe('Which requests go to which pool.'),
  rollouts: rollouts().prefault({}).describe('Templates of rollouts, by name.'),
}).transform((written): Config => written);

/** JSON Schema (draft 2020-12) of the YAML, with descriptions, for editors. */
export function jsonSchema(): object {
  return { ...z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), title: 'Sluice configuration' };
}

function workers() {
  const error = 'workers must be auto or a whole number from 1 to 512';
  const count = z.number({ error }).int({ error }).min(1, { error }).max(512, { error });
  return z
    .union([z.literal('auto', { error }), count], { error })
    .transform((written): number => (written === 'auto' ? 0 : written))
    .prefault('auto');
}

function state() {
  const dir = strictMap({
    dir: filePath('dir').prefault('./state').describe('Directory, relative to this file. Nobody else may write there.'),
    whenLost: oneOf('whenLost', ['serve', 'not-ready'])
      .prefault('serve')
      .describe(
        'What a start does that finds its state damaged, and no copy of what the API had changed: serve as the file says, or stay not ready until somebody changes something.',
      ),
  });
  return z
    .union([z.literal('memory', { error: 'state must be memory or { dir: … }' }), dir], { error: 'state must be memory or { dir: … }' })
    .transform((written): StateConfig => (written === 'memory' ? { dir: undefined, whenLost: 'serve' } : written))
    .prefault({});
}

function drain() {
  return strictMap({
    delay: duration().prefault('0s').describe('How long it responds "not ready" before it stops accepting.'),
    timeout: duration().prefault('30s').describe('How long exchanges in flight may take to end.'),
  })
    .transform(({ delay, timeout }) => ({ delayMs: delay, timeoutMs: timeout }))
    .prefault({});
}

function overload() {
  const error = 'memory must be auto, off or a size such as 512MiB';
  const memory = z
    .union([z.string({ error }).meta({ pattern: `^auto$|^off$|${SIZE_PATTERN}` }), z.number({ error })], { error })
    .transform((written, context): OverloadConfig['memoryBytes'] => {
      if (written === 'auto') return 'auto';
      if (written === 'off') return 0;
      const bytes = parseSize(String(written));
      if (bytes === undefined) addProblem(context, `${error}, got ${JSON.stringify(written)}`);
      else if (bytes < LEAST_MEMORY) addProblem(context, `memory must be at least ${formatSize(LEAST_MEMORY)}, got ${written}`);
      return bytes ?? z.NEVER;
    });
  return strictMap({
    memory: memory
      .prefault('auto')
      .describe('Most memory to use; auto = the limit that the system sets for the process, where there is one.'),
  })
    .transform((written): OverloadConfig => ({ memoryBytes: written.memory }))
    .prefault({});
}

function accessLog() {
  const error = 'accessLog must be off or { path: …, sample: … }';
  const full = strictMap({
    path: filePath('path').default('stdout').describe('stdout, or a file relative to this one.'),
    sample: share().prefault(1).describe('Share of exchanges that are logged.'),
  });
  return z
    .union([z.literal('off', { error }), full], { error })
    .transform((written) => (written === 'off' ? undefined : written))
    .prefault('off');
}
