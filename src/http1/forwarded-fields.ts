// Fields by which proxies tell an application about the client, or that a request is a copy, beyond those that the parser takes out by itself.
// From anyone but a trusted proxy they are forgeries.

/** Whether a field name (lower case) is one of them. */
function isForwardedField(name: string): boolean {
  return name.startsWith('x-forwarded-') || name === 'x-real-ip' || name === 'true-client-ip' || name === 'x-sluice-shadow';
}

/** The block without them. */
export function withoutForwardedFields(block: string): string {
  let kept = '';
  for (let at = 0; at < block.length;) {
    const next = block.indexOf('\n', at) + 1;
    if (!isForwardedField(block.slice(at, block.indexOf(':', at)).toLowerCase())) kept += block.slice(at, next);
    at = next;
  }
  return kept;
}
