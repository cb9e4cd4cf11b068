// Calls of gRPC in a match: which paths and methods of HTTP they are.

import { z } from 'zod';
import type { MatchConfig } from '../model.ts';
import { addProblem, strictMap } from './strict-map.ts';

const SERVICE = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/;
const METHOD = /^[A-Za-z_]\w*$/;
const MAX_LENGTH = 200;

/** A call is a POST to `/package.Service/Method` (PROTOCOL-HTTP2 of gRPC, "Requests"). */
export function grpcMatcher() {
  return strictMap({
    service: name('service', SERVICE, 'shop.v1.Carts').describe('The service with its package; default: any.').optional(),
    method: name('method', METHOD, 'AddItem').describe('The method; default: any of the service.').optional(),
  }).transform(({ service, method }, context): Pick<MatchConfig, 'path' | 'methods'> => {
    if (service === undefined && method === undefined) addProblem(context, 'grpc needs a service, a method, or both');
    return { path: pathOf(service, method), methods: ['POST'] };
  });
}

function pathOf(service: string | undefined, method: string | undefined): MatchConfig['path'] {
  if (method === undefined) return { kind: 'prefix', path: `/${service ?? ''}` };
  // A name of a method has no sign that an expression would read.
  if (service === undefined) return { kind: 'regex', pattern: `^/[^/]+/${method}$` };
  return { kind: 'exact', path: `/${service}/${method}` };
}

function name(what: string, pattern: RegExp, example: string) {
  const error = `${what} must be letters, digits, "_" and, between names, ".", such as ${example}`;
  return z.string({ error }).max(MAX_LENGTH, { error }).regex(pattern, { error });
}
