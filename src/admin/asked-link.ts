// What stands in the path of a link, and how one is refused that this instance has not made.

import type { FastifyRequest } from 'fastify';
import { LINKS_PATH } from '../control/rollouts/rollouts-api.ts';
import type { AskedLink } from '../control/rollouts/rollouts-api.ts';
import { HttpProblem } from './problem-reply.ts';

export const LINK_PATH = `${LINKS_PATH}:rollout/:action/:code`;

export function askedIn({ params }: FastifyRequest): AskedLink {
  const { rollout = '', action = '', code = '' } = params as Readonly<Record<string, string>>;
  return { rollout, action, code };
}

export function unknownLink(): never {
  throw new HttpProblem(404, 'This is no link of this instance, or a part of it is missing.');
}
