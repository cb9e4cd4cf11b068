// The Connection field (RFC 9110, section 7.6.1): what it says of this connection, and which further fields it takes out of the message.

import { mayBeHopByHop } from '../http/hop-by-hop.ts';

const OPTION = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const MAX_OPTIONS = 32;

/** What one Connection value says. Reused. */
export class ConnectionOptions {
  close = false;
  keepAlive = false;
  /** Upgrade says something of this connection. */
  upgrade = false;
  /** Further fields to remove, in lower case; undefined when there are none. */
  named: Set<string> | undefined = undefined;
}

/** Reads the value of all Connection lines, joined by commas, into `options`; false when it is malformed or too long a list. */
export function readConnectionOptions(value: string, options: ConnectionOptions): boolean {
  options.close = value === 'close';
  options.keepAlive = value === 'keep-alive' || value === 'Keep-Alive';
  options.upgrade = false;
  options.named = undefined;
  if (value === '' || options.close || options.keepAlive) return true;
  const names = value.split(',', MAX_OPTIONS + 1);
  return names.length <= MAX_OPTIONS && names.every((name) => readOption(trimSpaces(name).toLowerCase(), options));
}

/** Whether a comma-separated list holds this option; `name` is lower case. */
export function namesOption(list: string, name: string): boolean {
  return list === name || (list !== '' && list.split(',').some((option) => trimSpaces(option).toLowerCase() === name));
}

// `String.trim` would also remove the no-break space, which is an ordinary obs-text byte here.
export function trimSpaces(text: string): string {
  return text.replace(/^[\t ]+/, '').replace(/(?<![\t ])[\t ]+$/, '');
}

function readOption(name: string, options: ConnectionOptions): boolean {
  if (name === '') return true;
  if (!OPTION.test(name)) return false;
  if (name === 'close') options.close = true;
  else if (name === 'keep-alive') options.keepAlive = true;
  else if (name === 'upgrade') options.upgrade = true;
  if (mayBeHopByHop(name)) {
    options.named ??= new Set();
    options.named.add(name);
  }
  return true;
}
