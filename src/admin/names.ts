// The parts of a path that name things. A text that cannot be a name is 404, and control never sees it.

import type { FastifyRequest } from 'fastify';
import { MAX_ADDRESS_LENGTH } from '../api/bounds.ts';
import { isPlainText, NAME_PATTERN } from '../config/syntax.ts';
import { HttpProblem } from './problem-reply.ts';

const name = new RegExp(NAME_PATTERN);

/** @param what the thing is called in the refusal */
export function nameIn(request: FastifyRequest, part: 'pool' | 'version' | 'name' | 'rollout', what: string = part): string {
  const text = partOf(request, part);
  if (name.test(text)) return text;
  throw new HttpProblem(404, `There is no ${what} of this name; names are letters, digits, ".", "_" and "-".`);
}

export function addressIn(request: FastifyRequest): string {
  const text = partOf(request, 'address');
  if (text !== '' && text.length <= MAX_ADDRESS_LENGTH && isPlainText(text)) return text;
  throw new HttpProblem(404, 'There is no endpoint of this address.');
}

export function revisionIn(request: FastifyRequest): number {
  const text = partOf(request, 'revision');
  if (/^[1-9][0-9]{0,14}$/.test(text)) return Number(text);
  throw new HttpProblem(404, 'There is no such revision; they are numbers from 1.');
}

function partOf(request: FastifyRequest, part: string): string {
  return (request.params as Readonly<Record<string, string>>)[part] ?? '';
}
