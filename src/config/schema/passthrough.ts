// Where a listener passes connections on that it does not read: all of them to one pool, or those of TLS by the name that they ask for.

import { isIP } from 'node:net';
import { z } from 'zod';
import { isFault } from '../fault.ts';
import type { PassthroughConfig } from '../model.ts';
import { readHostPattern } from './host-pattern.ts';
import { addProblem, exactlyOneFault, nameOf, strictMap } from './strict-map.ts';
import type { IssueContext } from './strict-map.ts';

export function passthrough() {
  return strictMap({
    pool: nameOf('pool').describe('Where all connections go, whatever they speak.').optional(),
    sni: z
      .record(z.string(), nameOf('pool'), { error: 'must be a map of pools by the name that a client asks for' })
      .describe('Pools by the name that a client of TLS asks for: db.example.com, or *.example.com for all below.')
      .optional(),
    otherwise: nameOf('pool')
      .describe('With sni: for clients of TLS that ask for another name, or for none; absent: they are closed.')
      .optional(),
  }).transform(({ pool, sni, otherwise }, context): PassthroughConfig => {
    const fault = exactlyOneFault('passthrough', ['pool', 'sni'], withoutAbsent({ pool, sni }));
    if (fault !== undefined) addProblem(context, fault);
    if (pool !== undefined && otherwise !== undefined) addProblem(context, OTHERWISE_UNFIT, ['otherwise']);
    return pool === undefined ? { kind: 'sni', names: sni === undefined ? [] : namesOf(sni, context), otherwise } : { kind: 'whole', pool };
  });
}

const OTHERWISE_UNFIT = 'otherwise is for sni: pool takes every connection';

function withoutAbsent(written: object): object {
  return Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined));
}

function namesOf(sni: Readonly<Record<string, string>>, context: IssueContext): (PassthroughConfig & { kind: 'sni' })['names'] {
  const written = Object.entries(sni);
  if (written.length === 0) addProblem(context, 'sni needs at least one name', ['sni']);
  const known = new Map<string, string>();
  return written.map(([text, pool]) => {
    const name = readName(text);
    if (typeof name !== 'string') addProblem(context, name.fault, ['sni', text]);
    else if (known.has(name)) addProblem(context, `"${text}" is the name "${known.get(name) ?? ''}" again`, ['sni', text]);
    else known.set(name, text);
    return { name: typeof name === 'string' ? name : text, pool };
  });
}

function readName(text: string): string | { readonly fault: string } {
  if (text === '*') return { fault: 'name "*" is not needed: write otherwise: POOL for all other names' };
  const name = readHostPattern(text);
  if (isFault(name)) return name;
  const isAddress = isIP(name) > 0 || name.startsWith('[');
  if (isAddress) return { fault: `clients ask for a name, never for an address (RFC 6066, section 3), got "${text}"` };
  return name.endsWith('.') ? name.slice(0, -1) : name;
}
