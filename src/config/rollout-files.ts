// Names of files in templates of rollouts, made absolute.

import type { RolloutCheck, RolloutTemplate, SecretSource } from './rollout-model.ts';

export function withAbsoluteSecrets(template: RolloutTemplate, absolute: (name: string) => string): RolloutTemplate {
  const secretOf = (secret: SecretSource | undefined): SecretSource | undefined =>
    secret?.kind === 'file' ? { ...secret, name: absolute(secret.name) } : secret;
  const checkOf = (check: RolloutCheck): RolloutCheck => (check.kind === 'webhook' ? { ...check, secret: secretOf(check.secret) } : check);
  return {
    ...template,
    checks: template.checks.map(checkOf),
    hooks: template.hooks.map((hook) => ({ ...hook, secret: secretOf(hook.secret) })),
  };
}
