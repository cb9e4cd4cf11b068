// A template as it was kept, checked: nothing in it is trusted. It is right when the grammar gives the same for what would be printed of it.

import { isDeepStrictEqual } from 'node:util';
import { isMap } from '../lib/plain.ts';
import type { Fault } from './fault.ts';
import { describeRollouts } from './print-rollout.ts';
import type { RolloutTemplate } from './rollout-model.ts';
import { rollouts } from './schema/rollout.ts';

const read = rollouts();

/** @param kept plain data, as JSON gives it */
export function readTemplate(kept: unknown): RolloutTemplate | Fault {
  if (!isMap(kept)) return { fault: 'a template must be a map' };
  // Those that an earlier release kept have none.
  const whole = { windows: [], ...kept };
  let decoded: ReturnType<typeof read.safeParse>;
  try {
    const written = JSON.parse(JSON.stringify(describeRollouts([whole as unknown as RolloutTemplate]))) as unknown;
    decoded = read.safeParse(written);
  } catch {
    return { fault: 'the template is of another form' };
  }
  const [template] = decoded.success ? decoded.data : [];
  if (template === undefined) return { fault: 'the template is none that a config could have' };
  if (!isDeepStrictEqual(JSON.parse(JSON.stringify(template)), whole))
    return { fault: 'the template has more or other than a config could say' };
  return template;
}
