// Schema of what a rollout calls: addresses, secrets, hooks.

import type { RolloutHook } from '../rollout-model.ts';
import { HOOK_MOMENTS } from '../rollout-model.ts';
import type { SecretSource } from '../secret.ts';
import { duration, filePath, nonEmptyText } from './scalar.ts';
import { addProblem, exactlyOneFault, flag, integer, nonEmptyList, oneOf, strictMap } from './strict-map.ts';

const MAX_ADDRESS_LENGTH = 2048;
const MAX_HOOK_MS = 3_600_000;

/** What is called: `http` or `https`, without a name and password in it. */
export function webAddress(what: string) {
  const error = `${what} must look like http://127.0.0.1:8080/path, or with https`;
  return nonEmptyText(what).superRefine((text, context) => {
    const parsed = text.length <= MAX_ADDRESS_LENGTH && URL.canParse(text) ? new URL(text) : undefined;
    if (parsed === undefined || !/^https?:\/\/[^/?#]/i.test(text) || /\s/.test(text)) addProblem(context, error);
    else if (parsed.username !== '' || parsed.password !== '') addProblem(context, `${what} may have no name and password in it`);
    else if (parsed.hash !== '') addProblem(context, `${what} may have no "#" in it`);
  });
}

export function secretSource() {
  return strictMap({
    env: nonEmptyText('env').describe('Environment variable that holds it.').optional(),
    file: filePath('file').describe('File that holds it: a regular file of at most 8 KiB, read at each call.').optional(),
  }).transform((written, context): SecretSource => {
    const message = exactlyOneFault('secret', ['env', 'file'], written);
    if (message !== undefined) addProblem(context, message);
    return written.env !== undefined ? { kind: 'env', name: written.env } : { kind: 'file', name: written.file ?? '' };
  });
}

export function hook() {
  return strictMap({
    on: nonEmptyList('moment', oneOf('on', HOOK_MOMENTS))
      .superRefine((moments, context) => {
        if (new Set(moments).size < moments.length) addProblem(context, 'a moment is named twice');
      })
      .describe('When it is called.'),
    url: webAddress('url').describe('It gets a POST with JSON.'),
    secret: secretSource().describe('With it calls are signed: x-sluice-signature, HMAC-SHA256 of the body.').optional(),
    timeout: duration(1, MAX_HOOK_MS).prefault('10s').describe('How long a call may take.'),
    retries: integer('retries', 0, 10).default(2).describe('Further calls after one that failed.'),
    required: flag()
      .describe('The rollout waits for a 2xx; default: true on start, step, endpoint and promote alone, false otherwise.')
      .optional(),
  }).transform(({ timeout, secret, required, ...rest }): RolloutHook => ({
    ...rest,
    secret,
    timeoutMs: timeout,
    required: required ?? rest.on.every((moment) => WAITED.has(moment)),
  }));
}

/** What has happened already waits for nobody. */
const WAITED: ReadonlySet<string> = new Set(['start', 'step', 'endpoint', 'promote']);
