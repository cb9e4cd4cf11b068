// What request methods promise (RFC 9110, section 9.2).

/** Those that only read. Without TRACE, which nobody should serve. */
export function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}

/** Those whose repetition changes nothing more. */
export function isIdempotent(method: string): boolean {
  return isSafe(method) || method === 'PUT' || method === 'DELETE' || method === 'TRACE';
}
