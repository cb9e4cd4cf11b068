// What must not be shown of a request: values whose name says that they open doors, and user names and passwords in URLs. Linear time.
// When in doubt it masks. A mask is always the same, so that it does not tell how long the value is.

import { SECRET_PARTS } from './secret-names.ts';

export const MASK = '***';

const PARTS = [...SECRET_PARTS, 'auth', 'jwt', 'key'];
const NAMES: ReadonlySet<string> = new Set(['code', 'otp', 'pin', 'pwd', 'sid', 'sig']);
const SCHEME = /^(?:basic|bearer|digest|negotiate|aws4-hmac-sha256)\s/i;
/** Each run of characters is looked at once: none of them can begin another match. */
const USER = /\/\/[^/?#\s@]*@/g;
const PATH_PARAMETER = /;([^;/=]*)=[^;/]*/g;

/** Whether a field, a cookie or a parameter of this name may be shown. */
export function isSecretName(name: string): boolean {
  const lower = name.toLowerCase();
  return NAMES.has(lower) || PARTS.some((part) => lower.includes(part));
}

/** Parts of secret names, of one character that is written as %XX, or of what separates parameters of the path. */
const MAY_BE_SECRET = new RegExp([...PARTS, ...NAMES, '%', ';', '@'].join('|'), 'i');

/** The same as `maskUrl`, for the many targets that hold nothing secret. */
export function maskTarget(target: string): string {
  return MAY_BE_SECRET.test(target) ? maskUrl(target) : target;
}

/** A target or a URL, without the values of secret parameters and without user and password. */
export function maskUrl(url: string): string {
  const mark = url.indexOf('?');
  const path = (mark < 0 ? url : url.slice(0, mark)).replace(PATH_PARAMETER, maskPathParameter);
  const query =
    mark < 0
      ? ''
      : `?${url
          .slice(mark + 1)
          .split('&')
          .map(maskPair)
          .join('&')}`;
  return `${path}${query}`.replace(USER, `//${MASK}@`);
}

/** The value of a field whose name is not secret. Wherever it holds a URL, that is masked like a target. */
export function maskValue(value: string): string {
  return SCHEME.test(value) ? MASK : maskUrl(value);
}

/** Bytes of a request that were read as latin1, as the text that they most likely are. */
export function textOf(latin1: string): string {
  return /[\x80-\xff]/.test(latin1) ? Buffer.from(latin1, 'latin1').toString('utf8') : latin1;
}

function maskPathParameter(written: string, name: string): string {
  return isSecretName(decode(name)) ? `;${name}=${MASK}` : written;
}

/** Servers differ on whether `;` separates: from the first secret name on nothing is shown. */
function maskPair(pair: string): string {
  let from = 0;
  for (const part of pair.split(/[;?]/)) {
    const equals = part.indexOf('=');
    if (equals >= 0 && isSecretName(decode(part.slice(0, equals)))) return `${pair.slice(0, from + equals)}=${MASK}`;
    from += part.length + 1;
  }
  return pair;
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll('+', ' '));
  } catch {
    return name;
  }
}
