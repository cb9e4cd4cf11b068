// The Connection field (RFC 9110, section 7.6.1): what it says of this connection, and which further fields it takes out of the message.

const OPTION = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const MAX_OPTIONS = 32;

// Fields that are meant for every recipient. Naming one in Connection is an attempt to make us strip what the application, or
// a proxy before us, relies on (who asks, from where, how the message is framed); the option is then without effect.
const PROTECTED = new Set(
  (
    'age authorization baggage cache-control content-encoding content-language content-length content-location content-range content-type ' +
    'cookie date etag expect expires forwarded host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified ' +
    'location origin pragma proxy-authenticate proxy-authorization range referer retry-after set-cookie strict-transport-security trailer ' +
    'traceparent tracestate transfer-encoding true-client-ip user-agent vary via www-authenticate x-client-ip x-real-ip x-request-id'
  ).split(' '),
);
// These leave the message in any case.
const HOP_BY_HOP = new Set(['close', 'keep-alive', 'upgrade', 'te', 'connection', 'proxy-connection']);

/** What one Connection value says. Reused. */
export class ConnectionOptions {
  close = false;
  keepAlive = false;
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

/** The block without the lines whose name is in `names` (lower case). */
export function withoutFields(block: string, names: ReadonlySet<string>): string {
  let kept = '';
  let runStart = 0;
  let at = 0;
  while (at < block.length) {
    const next = block.indexOf('\n', at) + 1;
    if (names.has(block.slice(at, block.indexOf(':', at)).toLowerCase())) {
      kept += block.slice(runStart, at);
      runStart = next;
    }
    at = next;
  }
  return kept + block.slice(runStart);
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
  if (!HOP_BY_HOP.has(name) && !PROTECTED.has(name) && !name.startsWith('x-forwarded-')) {
    options.named ??= new Set();
    options.named.add(name);
  }
  return true;
}
