// Which methods each path knows, so that a wrong method is told from a wrong path.

import type { FastifyInstance } from 'fastify';

/**
 * Learns all routes that are added to `app` from now on. Returns the methods of a path, such as `GET, HEAD, PUT`; none for an unknown path.
 * The router of the framework finds a path for a known method only, so it cannot tell.
 */
export function knownPaths(app: FastifyInstance): (path: string) => readonly string[] {
  const patterns = new Map<string, { readonly parts: readonly string[]; readonly methods: Set<string> }>();
  app.addHook('onRoute', ({ method, url }) => {
    const known = patterns.get(url) ?? { parts: url.split('/'), methods: new Set<string>() };
    patterns.set(url, known);
    for (const each of Array.isArray(method) ? method : [method]) known.methods.add(each);
  });
  return (path) => {
    const parts = path.split('/');
    const methods = [...patterns.values()].filter(({ parts: pattern }) => fits(pattern, parts)).flatMap((known) => [...known.methods]);
    return [...new Set(methods)].sort();
  };
}

function fits(pattern: readonly string[], parts: readonly string[]): boolean {
  return (
    pattern.length === parts.length &&
    pattern.every((part, index) => part === parts[index] || (part.startsWith(':') && parts[index] !== ''))
  );
}
