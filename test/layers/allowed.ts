// The order of the house: which folder of src may import which. This table is the law; test/layers.test.ts enforces it.
// A folder never needs permission to import itself. Loosening a line is a decision: say why beside it.

const CONTROL_SIDE = ['config', 'telemetry', 'routing', 'store', 'rollout'];

export const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  // Foundations.
  lib: [],
  config: ['lib'],
  analysis: ['lib'],
  http1: ['lib'],
  store: ['lib'],
  telemetry: ['lib'],

  // The data plane. `proxy` sees the Config only as compiled into the Table.
  routing: ['lib', 'config'],
  upstream: ['lib', 'config', 'telemetry', 'http1'],
  shadow: ['lib', 'telemetry'],
  proxy: ['lib', 'telemetry', 'http1', 'upstream', 'routing'],

  // The control plane. It never meets `proxy`: the Table and app/messages are all they share.
  rollout: ['lib', 'config', 'analysis'],
  control: ['lib', ...CONTROL_SIDE],
  admin: ['lib', 'config', 'telemetry', 'control'],

  // The outside. `dashboard` is a web page and talks to the public admin API alone.
  dashboard: [],
  cli: ['lib', 'config', 'routing'],
  app: ['lib', ...CONTROL_SIDE, 'analysis', 'http1', 'upstream', 'shadow', 'proxy', 'control', 'admin', 'dashboard', 'cli'],
};

/** Folders that import from npm only what their line lists; the others are free to. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  // lib/json-log.ts is the one door to the logger.
  lib: ['pino'],
  http1: [],
};

/** Words that say nothing, so that no file or folder is named with them, alone or in a compound. */
export const NEVER_A_NAME: readonly string[] = [
  'manager',
  'service',
  'helper',
  'util',
  'utility',
  'handler',
  'processor',
  'wrapper',
  'data',
  'info',
  'base',
  'common',
  'misc',
];
