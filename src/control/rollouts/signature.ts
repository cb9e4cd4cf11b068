// Signatures of what is sent to webhooks: HMAC-SHA256 of the body, by a secret that is read anew each time, so that it can be exchanged.

import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { SecretSource } from '../../config/rollout-model.ts';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The field that carries it; none without a secret. A secret that is not there is a fault: unsigned it would not be believed. */
export async function signatureOf(
  body: string,
  secret: SecretSource | undefined,
  env: Environment,
): Promise<readonly (readonly [string, string])[] | { readonly fault: string }> {
  if (secret === undefined) return [];
  const text = secret.kind === 'env' ? (env[secret.name] ?? '') : (await readFile(secret.name, 'utf8').catch(() => '')).trim();
  if (text !== '') return [['x-sluice-signature', `sha256=${createHmac('sha256', text).update(body).digest('hex')}`]];
  return {
    fault:
      secret.kind === 'env'
        ? `the variable ${secret.name} of its secret is not set`
        : `the file ${secret.name} of its secret cannot be read`,
  };
}
