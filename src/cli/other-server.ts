// Whether what responds is the admin API at all: a port that is mistaken for it is often a listener, which forwards what it gets.

import type { IncomingMessage } from 'node:http';
import { EXIT, Failure } from './failure.ts';
import { visible } from '../lib/visible.ts';

/** The end of a command whose request reached another server; undefined where nothing speaks against the admin API. */
export function otherServer({ statusCode = 0, headers }: IncomingMessage, address: string, kind: 'read' | 'write'): Failure | undefined {
  const outcome = headers['x-sluice-outcome'];
  if (typeof outcome === 'string')
    return failure(`what responds at ${address} is a listener of Sluice, a port for traffic (${statusCode}, ${visible(outcome)})`, kind);
  const type = (headers['content-type'] ?? 'no content type').split(';', 1)[0]!.trim().toLowerCase();
  if (isAdminType(statusCode, type)) return undefined;
  return failure(
    `what responds at ${address} is not the admin API: it sent status ${statusCode} with ${visible(type).slice(0, 100)}`,
    kind,
  );
}

/** Faults of 500 and above may come from a proxy before the admin API, whose words are shown. */
function isAdminType(status: number, type: string): boolean {
  if (status >= 500 || status === 304) return true;
  if (status >= 400) return type === 'application/problem+json';
  return status < 300 && ADMIN_TYPES.has(type);
}

function failure(message: string, kind: 'read' | 'write'): Failure {
  const reached = kind === 'write' ? ['The change was not made. An application behind that port may have got the request.'] : [];
  return new Failure(EXIT.unreachable, message, [
    'Name the admin API: --admin URL or SLUICE_ADMIN=URL, as admin.address of the config and the ready line say: "sluice ready: ..., admin ...".',
    ...reached,
  ]);
}

const ADMIN_TYPES: ReadonlySet<string> = new Set(['application/json', 'application/yaml', 'text/event-stream']);
