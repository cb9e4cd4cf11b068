// Which type of a resource the client wants (RFC 9110, section 12.5.1).

import { HttpProblem } from './problem-reply.ts';

/** The first of `offers` with the greatest weight. Throws an HttpProblem (406) when the client wants none. */
export function chooseType<const T extends string>(accept: string | undefined, offers: readonly [T, ...T[]]): T {
  if (accept === undefined || accept.trim() === '') return offers[0];
  const ranges = accept.split(',').map(readRange);
  let best: T | undefined;
  let bestWeight = 0;
  for (const offer of offers) {
    const weight = weightOf(offer, ranges);
    if (weight <= bestWeight) continue;
    best = offer;
    bestWeight = weight;
  }
  if (best === undefined) throw new HttpProblem(406, `Accept must allow ${offers.join(' or ')}.`);
  return best;
}

interface Range {
  readonly type: string;
  readonly weight: number;
}

function readRange(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  const weight = quality === undefined ? 1 : /^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/.test(quality) ? Number(quality) : 0;
  return { type, weight };
}

/** The most exact range decides. */
function weightOf(offer: string, ranges: readonly Range[]): number {
  const family = `${offer.split('/', 1)[0] ?? ''}/*`;
  for (const wanted of [offer, family, '*/*']) {
    const found = ranges.find(({ type }) => type === wanted);
    if (found !== undefined) return found.weight;
  }
  return 0;
}
