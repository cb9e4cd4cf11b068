// Names of files in templates of rollouts, made absolute.

import { changeFields } from './fill-secrets.ts';
import type { RolloutCheck, RolloutStep, RolloutTemplate } from './rollout-model.ts';
import type { SecretSource } from './secret.ts';

export function withAbsoluteSecrets(template: RolloutTemplate, absolute: (name: string) => string): RolloutTemplate {
  const secretOf = (secret: SecretSource | undefined): SecretSource | undefined =>
    secret?.kind === 'file' ? { ...secret, name: absolute(secret.name) } : secret;
  const checkOf = (check: RolloutCheck): RolloutCheck => (check.kind === 'webhook' ? { ...check, secret: secretOf(check.secret) } : check);
  const stepOf = (step: RolloutStep): RolloutStep => {
    if (step.kind !== 'smoke') return step;
    const requests = step.requests.map((request) => ({
      ...request,
      headers: changeFields(request.headers, (source) => secretOf(source) ?? source),
    }));
    return { ...step, requests };
  };
  return {
    ...template,
    steps: template.steps.map(stepOf),
    checks: template.checks.map(checkOf),
    hooks: template.hooks.map((hook) => ({ ...hook, secret: secretOf(hook.secret) })),
  };
}
