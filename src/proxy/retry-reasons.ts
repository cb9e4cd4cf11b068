// Why a request is sent again. A file of its own, so that metrics get the names without the code that retries.

/** Positions are those of the retry counters. */
export const RETRY_REASONS = [
  'stale',
  'connect-failure',
  'reset',
  'response-timeout',
  'gateway-error',
  '5xx',
  'status',
  'halt',
  'refused-stream',
  'grpc-status',
] as const;
export const STALE = 0;
export const CONNECT_FAILURE = 1;
export const RESET = 2;
export const RESPONSE_TIMEOUT = 3;
export const GATEWAY_ERROR = 4;
export const SERVER_ERROR = 5;
export const NAMED_STATUS = 6;
/** A rollout has found the canary bad: its baseline responds instead. */
export const HALT = 7;
/** The upstream has said that it has not looked at the request. */
export const REFUSED_STREAM = 8;
/** A call of gRPC has ended with a status that the config names. */
export const CALL_STATUS = 9;
