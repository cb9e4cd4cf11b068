// Schema of the step of a rollout that copies requests to its canary.

import type { MirrorConfig } from '../model.ts';
import { DEFAULT_PATIENCE_MS } from '../shipped-rollouts.ts';
import { describeMirror } from '../print-mirror.ts';
import type { RolloutStep } from '../rollout-model.ts';
import { compare, withBody } from './compare.ts';
import { judgeMirror, mirrorLimits, mirrorMatch } from './mirror.ts';
import { duration, percent } from './scalar.ts';
import { addProblem, oneOf, strictMap } from './strict-map.ts';

const MAX_STEP_MS = 90 * 86_400_000;
const UNCHANGED = { set: [], add: [], remove: [] };

export function mirrorStep() {
  return strictMap({
    percent: percent().prefault(100).describe('How many of 100 requests are copied.'),
    sample: oneOf('sample', ['session', 'request'])
      .default('session')
      .describe('session: all requests of a user or none, where the pool has an affinity; request: each by itself.'),
    match: mirrorMatch().describe('Only requests that fit all of this are copied.'),
    sideEffects: oneOf('sideEffects', ['forbid', 'allow'])
      .default('forbid')
      .describe('forbid: only GET, HEAD and OPTIONS are copied; allow: whatever fits.'),
    onAbort: oneOf('onAbort', ['cancel', 'finish']).default('cancel').describe('What becomes of a copy whose client goes away.'),
    timeout: duration(1).prefault('15s').describe('From when the copy was sent until its response has ended.'),
    limits: mirrorLimits().describe('Bounds of what copies may take.'),
    compare: compare().describe('Present: responses of the canary are compared with those of the baseline.').optional(),
    for: duration(0, MAX_STEP_MS).prefault('0s').describe('How long requests are copied at least.'),
    until: oneOf('until', ['verdict', 'time'])
      .describe('verdict: until the comparison has passed, which is the default where it compares.')
      .optional(),
    atMost: duration(1, MAX_STEP_MS).describe('The longest time that it waits; default: an hour more than for.').optional(),
    onTimeout: oneOf('onTimeout', ['hold', 'rollback', 'continue']).default('hold').describe('What happens when its time is up.'),
  }).transform(({ for: forMs, until, atMost, onTimeout, timeout, compare: compared, ...rest }, context): RolloutStep => {
    judgeMirror({ ...rest, version: 'canary', requestHeaders: UNCHANGED }, context);
    if (until === 'verdict' && compared === undefined) addProblem(context, 'until: verdict needs compare: {}', ['until']);
    if (until !== 'verdict' && compared === undefined && forMs === 0) addProblem(context, 'a mirror needs for, or compare: {}');
    const mirror = describeStep({ ...rest, timeoutMs: timeout, compare: compared && withBody(compared, rest.limits.responseBytes) });
    const atMostMs = atMost ?? Math.min(forMs + DEFAULT_PATIENCE_MS, MAX_STEP_MS);
    return { kind: 'mirror', mirror, forMs, until: until ?? (compared === undefined ? 'time' : 'verdict'), atMostMs, onTimeout };
  });
}

type Copied = Omit<MirrorConfig, 'name' | 'pool' | 'version' | 'fraction' | 'requestHeaders' | 'rewrite'>;

/** Without the keys that a step does not have. */
function describeStep(copied: Copied): Readonly<Record<string, unknown>> {
  const whole = { ...copied, name: '', pool: undefined, version: undefined, fraction: undefined, rewrite: { host: undefined } };
  const {
    requestHeaders,
    rewrite,
    name,
    pool,
    version,
    compare: compared,
    ...mirror
  } = describeMirror({ ...whole, requestHeaders: UNCHANGED });
  return { ...mirror, ...(compared !== undefined && { compare: compared }) };
}
