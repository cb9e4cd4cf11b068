// How a call is refused that asks for more than the role of its caller allows.

import type { ChangeOutcome } from '../control/control-api.ts';
import type { ForbiddenField } from '../control/touched-fields.ts';
import { ANONYMOUS } from './auth.ts';
import type { Role } from './auth.ts';
import { HttpProblem } from './problem-reply.ts';

export const CHALLENGE = 'Bearer realm="sluice"';

export interface Caller {
  /** Name of a token or of a certificate's entry, or `anonymous`. */
  readonly author: string;
  readonly role: Role;
}

/** So that who serves it can tell it from the other problems with this status: it is noted in the journal. */
export class RoleProblem extends HttpProblem {}

const MAX_FIELDS = 20;

/** @param what what is asked for, without a full stop */
export function roleProblem(what: string, caller: Caller, extra: Readonly<Record<string, unknown>> = {}): RoleProblem {
  const challenge = { 'www-authenticate': `${CHALLENGE}, error="insufficient_scope"` };
  return new RoleProblem(403, `${what}; ${describeCaller(caller)}.`, extra, challenge);
}

type Forbidden = Pick<Extract<ChangeOutcome, { result: 'forbidden' }>, 'fields' | 'openedBy'>;

/** A change of fields that are above the role of the caller; at least one. */
export function fieldsProblem({ fields, openedBy }: Forbidden, caller: Caller): RoleProblem {
  const problems = fields.slice(0, MAX_FIELDS).map(({ path, needed }) => ({ path, message: `${path}: ${reasonOf(needed)}` }));
  const first = fields.find(({ needed }) => needed !== 'file') ?? fields[0];
  const named = first === undefined ? '' : ` ${first.path}${fields.length > 1 ? ` and ${fields.length - 1} more` : ''}`;
  if (first?.needed === 'file')
    return new RoleProblem(403, `This changes${named}: only the config file may, not the API; nothing has changed.`, { problems });
  const orOpened = openedBy === undefined ? '' : `, or to be opened for operators by ${openedBy}`;
  return roleProblem(`This changes${named}, which needs the role ${first?.needed ?? 'admin'}${orOpened}`, caller, { problems });
}

function reasonOf(needed: ForbiddenField['needed']): string {
  return needed === 'file' ? 'only the config file may change this' : `a change of this needs the role ${needed}`;
}

function describeCaller({ author, role }: Caller): string {
  if (author !== ANONYMOUS) return `the caller ${author} has the role ${role}`;
  return `where the config lists no token (admin.auth.tokens) every caller has the role ${role}`;
}
