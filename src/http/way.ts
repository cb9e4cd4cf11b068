// The way that a request has come: each proxy names itself in Via (RFC 9110, section 7.6.3), and in CDN-Loop (RFC 8586) where Via is
// taken out. A request that comes by the same instance again would go round for ever, and make thousands out of one.

/** More proxies than this in front of us are a loop that does not tell its names. */
const MAX_WAY_ENTRIES = 16;
/** Lower-case names of the fields that the way is told in. */
export const VIA_FIELD = 'via';
export const CDN_LOOP_FIELD = 'cdn-loop';

const RANDOM_CHARACTERS = 12;

/** A name for one instance that no other has. @param key random text of letters, digits, `-` and `_` */
export function makePseudonym(key: string): string {
  return 'sluice-' + key.slice(0, RANDOM_CHARACTERS);
}

/** The request has been here before. */
export const WAY_LOOP = 1;
/** It has passed more proxies than `MAX_WAY_ENTRIES`. */
export const WAY_TOO_LONG = 2;
export type WayFault = 0 | typeof WAY_LOOP | typeof WAY_TOO_LONG;

/**
 * Judges one of the two fields; `list` is its joined value. Commas in comments count as well, and the name is looked for everywhere: a
 * comment that never closes must not hide an entry.
 * @param pseudonym what this instance calls itself; nothing else holds it by chance
 */
export function judgeWay(list: string, pseudonym: string): WayFault {
  if (list === '') return 0;
  if (list.includes(pseudonym)) return WAY_LOOP;
  let entries = 1;
  for (let comma = list.indexOf(','); comma >= 0; comma = list.indexOf(',', comma + 1)) entries++;
  return entries > MAX_WAY_ENTRIES ? WAY_TOO_LONG : 0;
}
