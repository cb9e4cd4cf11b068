// The kinds of text and number that values in the YAML are made of; each turns into what code works with.

import { isIP } from 'node:net';
import { z } from 'zod';
import { ENDPOINT_FORM, LISTEN_FORM, formatAddress, parseEndpointAddress, parseListenAddress } from '../address.ts';
import { DURATION_FORM, DURATION_PATTERN, MAX_DURATION_MS, formatDuration, parseDuration } from '../duration.ts';
import { isFault } from '../fault.ts';
import { hintFor } from '../value-hints.ts';
import type { Fault } from '../fault.ts';
import { isMask } from '../mask.ts';
import type { Address } from '../model.ts';
import { PERCENT_PATTERN, parsePercent } from '../percent.ts';
import { SIZE_FORM, SIZE_PATTERN, formatSize, parseSize } from '../size.ts';
import { isFieldValue, isPath, isPlainText, isRange, isToken } from '../syntax.ts';
import { isHostText, readAuthorityPattern, readHostPattern } from './host-pattern.ts';
import { shared } from './shared.ts';
import { addProblem } from './strict-map.ts';

/** Milliseconds from `least` on; at most what a timer can hold unless `most` says otherwise. */
export const duration = shared((least: number = 0, most: number = MAX_DURATION_MS) => {
  return z
    .string({ error: DURATION_FORM })
    .meta({ pattern: DURATION_PATTERN, ...boundsOf(formatDuration, least, most === MAX_DURATION_MS ? undefined : most) })
    .transform((text, context): number => {
      const ms = parseDuration(text);
      if (ms === undefined) addProblem(context, `${DURATION_FORM}, got ${JSON.stringify(text)}${hintFor(DURATION_FORM, text)}`);
      else if (ms < least) addProblem(context, `duration must be at least ${formatDuration(least)}, got ${text}`);
      else if (ms > most) addProblem(context, `duration must be at most ${formatDuration(most - (most % 86_400_000))}, got ${text}`);
      return ms ?? z.NEVER;
    });
});

/** Bytes. */
export const size = shared((least: number, most: number) => {
  const text = z.string({ error: SIZE_FORM }).meta({ pattern: SIZE_PATTERN, ...boundsOf(formatSize, least, most) });
  return z.union([text, z.number({ error: SIZE_FORM })], { error: SIZE_FORM }).transform((written, context): number => {
    const bytes = parseSize(String(written));
    if (bytes === undefined) addProblem(context, `${SIZE_FORM}, got ${JSON.stringify(written)}${hintFor(SIZE_FORM, written)}`);
    else if (bytes < least) addProblem(context, `size must be at least ${formatSize(least)}, got ${written}`);
    else if (bytes > most) addProblem(context, `size must be at most ${formatSize(most)}, got ${written}`);
    return bytes ?? z.NEVER;
  });
});

/** JSON Schema has no bounds for texts: they stand in a comment, for those who read it. */
function boundsOf(show: (value: number) => string, least: number, most: number | undefined): { readonly $comment?: string } {
  const bounds = [...(least > 0 ? [`at least ${show(least)}`] : []), ...(most === undefined ? [] : [`at most ${show(most)}`])];
  return bounds.length === 0 ? {} : { $comment: bounds.join(', ') };
}

/** `50%` or 0.5; gives 0 to 1. */
export const share = shared(() => {
  const error = 'share must be a number from 0 to 1 or look like 50%';
  return proportion(error, 1).transform((written): number => (typeof written === 'number' ? written : (parsePercent(written) ?? 0) / 100));
});

/** `10%` or 10; gives 0 to 100. */
export const percent = shared(() => {
  const error = 'percent must be a number from 0 to 100 or look like 50%';
  return proportion(error, 100).transform((written): number => (typeof written === 'number' ? written : (parsePercent(written) ?? 0)));
});

/** Of a version or an endpoint. */
export const MAX_WEIGHT = 1_000_000_000;
/** Of what a limit counts. */
export const MAX_LIMIT = 1_000_000_000;

/** In a config: a number, or a percent such as `5%`, which gives 5. */
export const weightOrPercent = shared(() => {
  const error = 'weight must be a non-negative number or look like 5%';
  const text = z
    .string({ error })
    .meta({ pattern: PERCENT_PATTERN })
    .refine((written) => parsePercent(written) !== undefined, { error });
  return z.union([text, weight()], { error }).transform((written): number => weightOf(written) ?? 0);
});

/** What a weight means that was written; undefined when it is none. */
export function weightOf(written: unknown): number | undefined {
  return typeof written === 'number' ? written : typeof written === 'string' ? parsePercent(written) : undefined;
}

export const weight = shared(() => {
  const error = 'weight must be a non-negative number';
  return z
    .number({ error })
    .min(0, { error })
    .max(MAX_WEIGHT, { error: `weight must be at most ${MAX_WEIGHT}` });
});

export const listenAddress = shared(() => {
  return address(LISTEN_FORM, parseListenAddress);
});

export const endpointAddress = shared(() => {
  return address(ENDPOINT_FORM, parseEndpointAddress);
});

/** Any text without control characters. */
export const plainText = shared((what: string) => {
  return checked(`${what} must be text without control characters`, isPlainText);
});

export const nonEmptyText = shared((what: string) => {
  return checked(`${what} must be text without control characters, and not empty`, (text) => text !== '' && isPlainText(text));
});

export const FIELD_VALUE_FORM = 'header value must be printable ASCII text, without a blank at either end';

/** Value of a header field. */
export const fieldValue = shared(() => {
  return checked(FIELD_VALUE_FORM, isFieldValue).refine(isNoMask, MASK_FAULT);
});

const MASK_FAULT = {
  error:
    'this is the mask of a secret that is not in force here: write the secret itself (a mask stands for the secret of its own place alone)',
  params: { complete: true },
};

function isNoMask(text: string): boolean {
  return !isMask(text);
}

/** Text, which is no mask of a secret. */
export function unmasked<T extends z.ZodType<string, string>>(text: T) {
  return text.refine(isNoMask, MASK_FAULT);
}

export const tokenName = shared((what: string) => {
  return checked(`${what} name must be letters, digits or !#$%&'*+-.^_\`|~`, isToken);
});

export const path = shared((what = 'path') => {
  return checked(`${what} must start with "/" and have no blank, "?", "#" or character outside ASCII`, isPath);
});

const STANDARD_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'];

/** Methods are case-sensitive, so a lower-case `get` would never match what clients send. */
export const method = shared(() => {
  return checked("method must be letters, digits or !#$%&'*+-.^_`|~", isToken).superRefine((text, context) => {
    const upper = text.toUpperCase();
    if (upper !== text && STANDARD_METHODS.includes(upper))
      addProblem(context, `methods are written in upper case: ${upper}, got "${text}"`);
  });
});

/** Host of a route: lower case, without port; `*.x` for all names below x. */
export const hostPattern = shared(() => {
  return z.string({ error: 'host must be text' }).transform((text, context): string => {
    const host = readHostPattern(text);
    if (!isFault(host)) return host;
    addProblem(context, host.fault);
    return z.NEVER;
  });
});

/** What CONNECT may name: a host as that of a route, with its port. */
export function authorityPattern() {
  return z.string({ error: 'authority must be text' }).transform((text, context): string => {
    const authority = readAuthorityPattern(text);
    if (!isFault(authority)) return authority;
    addProblem(context, authority.fault);
    return z.NEVER;
  });
}

/** Host of a redirect, or with a port of a rewrite: what is written into Location or Host. */
export const hostText = shared((what: string, port: 'with port' | 'without port') => {
  const form = port === 'with port' ? 'a DNS name or IP address, with or without port' : 'a DNS name or IP address without port';
  return checked(`${what} must be ${form}`, (text) => isHostText(port === 'with port' ? withoutPort(text) : text));
});

/** Whose word counts: a range of addresses, or the peers of a Unix socket. */
export const peers = shared(() => {
  const form = 'must be a range such as 10.0.0.0/8 or fd00::/8, an IP address, or unix for the peers of a Unix socket';
  return checked(form, (text) => text === 'unix' || isRange(text));
});

/** Address of a DNS server, with its port. */
export const dnsServer = shared(() => {
  const error = 'a DNS server must look like 10.0.0.53, 10.0.0.53:53, "::1" or "[::1]:53"';
  return z.string({ error }).transform((text, context): string => {
    const bare = isIP(text) === 6 ? `[${text}]:53` : `${text}:53`;
    const found = parseEndpointAddress(isIP(text) === 0 ? text : bare);
    if (!isFault(found) && found.kind === 'tcp' && isIP(found.host) !== 0) return formatAddress(found);
    addProblem(context, `${error}, got ${JSON.stringify(text)}`);
    return z.NEVER;
  });
});

/** Name of an environment variable. */
export const variableName = shared(() => {
  return checked('env must be the name of an environment variable: letters, digits and "_"', (text) =>
    /^[A-Za-z_][A-Za-z0-9_]{0,255}$/.test(text),
  );
});

/** Path of a file. */
export const filePath = shared((what: string) => {
  return checked(`${what} must be the path of a file`, (text) => text !== '' && isPlainText(text));
});

function checked(error: string, right: (text: string) => boolean) {
  return z.string({ error }).refine(right, { error });
}

function proportion(error: string, most: number) {
  const text = z
    .string({ error })
    .meta({ pattern: PERCENT_PATTERN })
    .refine((written) => parsePercent(written) !== undefined, { error });
  return z.union([text, z.number({ error }).min(0, { error }).max(most, { error })], { error });
}

function address(form: string, parse: (text: string) => Address | Fault) {
  return z.string({ error: form }).transform((text, context): Address => {
    const found = parse(text);
    if (!isFault(found)) return found;
    addProblem(context, found.fault + hintFor(found.fault, text));
    return z.NEVER;
  });
}

/** A port is 1 to 65535; what is none stays, and is no host. */
function withoutPort(text: string): string {
  const port = /:([0-9]{1,5})$/.exec(text)?.[1];
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535 ? text.slice(0, -port.length - 1) : text;
}

const SALT_PATTERN = '^[A-Za-z0-9_-]{0,64}$';

export const salt = shared(() => {
  const error = 'salt must be text of at most 64 letters, digits, "_" or "-"';
  return z.string({ error }).regex(new RegExp(SALT_PATTERN), { error });
});
