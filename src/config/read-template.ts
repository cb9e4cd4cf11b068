// A template as it was kept, checked: nothing in it is trusted. It is right when the grammar gives the same for what would be printed of it.

import { isDeepStrictEqual } from 'node:util';
import { isMap } from '../lib/plain.ts';
import type { Plain } from '../lib/plain.ts';
import type { Fault } from './fault.ts';
import { describeRollouts } from './print-rollout.ts';
import type { RolloutTemplate } from './rollout-model.ts';
import { fieldText } from './secret.ts';
import { rollouts } from './schema/rollout.ts';

const read = rollouts();

/** @param written plain data, as JSON gives it */
export function readTemplate(written: unknown): RolloutTemplate | Fault {
  if (!isMap(written)) return { fault: 'a template must be a map' };
  const whole = completed(withSecrets(written));
  let decoded: ReturnType<typeof read.safeParse>;
  try {
    decoded = read.safeParse(JSON.parse(JSON.stringify(describeRollouts([whole as unknown as RolloutTemplate]))));
  } catch {
    return { fault: 'the template is of another form' };
  }
  const [template] = decoded.success ? decoded.data : [];
  if (template === undefined) return { fault: 'the template is none that a config could have' };
  if (!isDeepStrictEqual(JSON.parse(JSON.stringify(template)), whole))
    return { fault: 'the template has more or other than a config could say' };
  return template;
}

/** Secret header values of smoke requests once were kept as plain texts. */
function withSecrets(kept: Plain): Plain {
  const headersOf = (headers: unknown): unknown =>
    listed(headers, (field) => {
      const [name, value] = Array.isArray(field) ? (field as readonly unknown[]) : [];
      return typeof name === 'string' && typeof value === 'string' ? [name, fieldText(name, value)] : field;
    });
  const requestsOf = (requests: unknown): unknown =>
    listed(requests, (request) =>
      isMap(request) && 'headers' in request ? { ...request, headers: headersOf(request['headers']) } : request,
    );
  const steps = listed(kept['steps'], (step) =>
    isMap(step) && 'requests' in step ? { ...step, requests: requestsOf(step['requests']) } : step,
  );
  return steps === undefined ? kept : { ...kept, steps };
}

function listed(list: unknown, change: (item: unknown) => unknown): unknown {
  return Array.isArray(list) ? list.map(change) : list;
}

/** What an earlier release kept has no windows, and no weight of it rises. */
function completed({ steps, ...others }: Plain): Plain {
  const withRamp = (step: unknown): unknown => (isMap(step) && step['kind'] === 'weight' ? { rampMs: 0, ...step } : step);
  return { windows: [], ...others, steps: listed(steps, withRamp) };
}
