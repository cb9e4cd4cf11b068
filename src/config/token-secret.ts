// What a secret of the admin API must be like, told in words that do not tell the secret.

import type { AdminTokenConfig } from './model.ts';

/** In characters. */
const MIN_SECRET_LENGTH = 16;
/** In characters. */
export const MAX_SECRET_LENGTH = 4096;

/** What is wrong with a secret; undefined when nothing is. @param secret without blanks around it; undefined: there is none */
export function faultOfSecret(secret: string | undefined): string | undefined {
  if (secret === undefined || secret === '') return 'it is missing or empty';
  if (secret.length < MIN_SECRET_LENGTH) return `it is shorter than ${MIN_SECRET_LENGTH} characters`;
  if (secret.length > MAX_SECRET_LENGTH) return `it is longer than ${MAX_SECRET_LENGTH} characters`;
  return /^[\x21-\x7e]+$/.test(secret) ? undefined : 'it has blanks, line ends or characters other than printable ASCII';
}

/** Whether a token may change anything. */
export function mayChange({ role }: Pick<AdminTokenConfig, 'role'>): boolean {
  return role !== 'viewer';
}

/** Where its secret comes from and what would be right there. @param fault of the secret, such as "it is missing or empty" */
export function mendSecret({ name, source }: AdminTokenConfig, fault: string): string {
  const right = `a secret of at least ${MIN_SECRET_LENGTH} characters`;
  return source.kind === 'env'
    ? `the token ${name} is read from the variable ${source.name}, and ${fault}: set ${source.name} to ${right}, and start again`
    : `the token ${name} is read from the file ${source.name}, and ${fault}: write ${right} to it`;
}
