// Why a message is refused: a small code that names the outcome. The exact reason stands beside it as text, for logs only.

export const REFUSE_BAD_REQUEST = 1;
export const REFUSE_URI_TOO_LONG = 2;
export const REFUSE_HEADER_TOO_LARGE = 3;
export const REFUSE_NOT_IMPLEMENTED = 4;
export const REFUSE_VERSION = 5;
export const REFUSE_EXPECTATION = 6;
export const REFUSE_BODY_TOO_LARGE = 7;
/** Every refusal of a response but the next. */
export const REFUSE_BAD_RESPONSE = 8;
/** A response whose head is beyond a limit. */
export const REFUSE_LARGE_RESPONSE = 9;

/** Outcome code by refusal code; position 0 is not a refusal. */
export const REFUSAL_OUTCOMES = [
  'ok',
  'bad_request',
  'uri_too_long',
  'header_too_large',
  'not_implemented',
  'version_not_supported',
  'expectation_failed',
  'body_too_large',
  'upstream_malformed',
  'upstream_header_too_large',
] as const;

/** A refusal code with its reason. */
export interface Refusal {
  readonly code: number;
  readonly reason: string;
}
