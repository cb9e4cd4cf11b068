// The Forwarded field (RFC 7239), read only when a trusted peer sent it: who asked whom, one element per proxy, the nearest one last.

export interface ForwardedHop {
  /** An address, perhaps with a port, or a word that hides it; empty when it is not said. */
  readonly from: string;
  /** Lower case; empty when it is not said. */
  readonly proto: string;
  readonly host: string;
}

/** More hops than this are no proxies of ours. */
const MAX_HOPS = 32;
const MAX_PAIRS = 8;

// Linear: each alternative begins with another byte, and none can match at two places.
const PAIR = /[\t ]*(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)|"((?:[^"\\]|\\.)*)")[\t ]*)?([;,]|$)/y;
/** Addresses, ports, `unknown` and words like `_hidden`: nothing that could be taken for two. */
const NODE = /^[A-Za-z0-9._:[\]-]{1,64}$/;
const HOST = /^[A-Za-z0-9._~:[\]-]{1,255}$/;
const PROTO = /^[A-Za-z][A-Za-z0-9+.-]{0,15}$/;

/** The hops that `value` names, in its order; undefined when it is malformed: then nothing in it is believed. */
export function readForwarded(value: string): readonly ForwardedHop[] | undefined {
  const hops: ForwardedHop[] = [];
  let pairs = new Map<string, string>();
  PAIR.lastIndex = 0;
  for (let rounds = 0; rounds < MAX_HOPS * MAX_PAIRS; rounds++) {
    const found = PAIR.exec(value);
    if (found === null) return undefined;
    const [, name, token, quoted, end] = found;
    if (name !== undefined) {
      const key = name.toLowerCase();
      if (pairs.has(key)) return undefined;
      pairs.set(key, token ?? quoted!.replace(/\\(.)/g, '$1'));
    }
    if (end === ';') continue;
    if (pairs.size > 0) {
      const hop = hopOf(pairs);
      if (hop === undefined || hops.length >= MAX_HOPS) return undefined;
      hops.push(hop);
      pairs = new Map();
    }
    if (end === '') return hops.length > 0 ? hops : undefined;
  }
  return undefined;
}

function hopOf(pairs: ReadonlyMap<string, string>): ForwardedHop | undefined {
  const from = pairs.get('for');
  const proto = pairs.get('proto');
  const host = pairs.get('host');
  if ((from !== undefined && !NODE.test(from)) || (proto !== undefined && !PROTO.test(proto))) return undefined;
  if (host !== undefined && !HOST.test(host)) return undefined;
  return { from: from ?? '', proto: proto?.toLowerCase() ?? '', host: host ?? '' };
}
