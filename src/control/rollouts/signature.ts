// Signatures of what is sent to webhooks: HMAC-SHA256 of the body, by a secret that is read anew each time, so that it can be exchanged.

import { createHmac } from 'node:crypto';
import type { SecretSource } from '../../config/secret.ts';
import { readSmallFile } from '../../lib/small-file.ts';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Of the file of a secret. */
const MAX_SECRET_BYTES = 8 * 1024;

/** The field that carries it; none without a secret. A secret that is not there is a fault: unsigned it would not be believed. */
export function signatureOf(
  body: string,
  secret: SecretSource | undefined,
  env: Environment,
): readonly (readonly [string, string])[] | { readonly fault: string } {
  if (secret === undefined) return [];
  const key = secret.kind === 'env' ? ofVariable(secret.name, env) : ofFile(secret.name);
  if (typeof key !== 'string') return key;
  return [['x-sluice-signature', `sha256=${createHmac('sha256', Buffer.from(key, 'latin1')).update(body).digest('hex')}`]];
}

/** The bytes of a secret, as latin1; or what is wrong with it. */
type Key = string | { readonly fault: string };

function ofVariable(name: string, env: Environment): Key {
  const text = Object.hasOwn(env, name) ? (env[name] ?? '') : '';
  return text === '' ? { fault: `the variable ${name} of its secret is not set` } : Buffer.from(text, 'utf8').toString('latin1');
}

function ofFile(name: string): Key {
  const read = readSmallFile(name, MAX_SECRET_BYTES);
  if (typeof read !== 'string') return { fault: `the file ${name} of its secret ${read.fault}` };
  const key = read.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '');
  return key === '' ? { fault: `the file ${name} of its secret is empty` } : key;
}
