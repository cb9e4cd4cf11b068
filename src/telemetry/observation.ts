// The record of one exchange that has ended. Exactly one is recorded per exchange.

export class Observation {
  /** `tcp`: a connection that was passed through; empty: a request. */
  protocol = '';
  listener = '';
  route = '';
  pool = '';
  version = '';
  /** Which deploy the version was; empty when none was marked. */
  deploy = '';
  endpoint = '';
  method = '';
  authority = '';
  target = '';
  client = '';
  requestId = '';
  /** Status sent downstream, or that of the outcome when none was: 499 when the client went away first. */
  status = 0;
  /** Code from `OUTCOMES`. */
  outcome = 'ok';
  /** Why the request or the response was refused, for operators: what is wrong, which limit, and where; empty otherwise. */
  detail = '';
  /** Why this version: one of routing's choice reasons; empty when no version was chosen. */
  reason = '';
  attempts = 0;
  /** Milliseconds since the epoch at which the request head was complete, or a connection to be passed through had come. */
  startedAtMs = 0;
  durationMs = 0;
  /** Until the head of the response, or the first byte of an upstream; -1 when there was none. */
  firstByteMs = -1;
  /** Of a connection that was passed through: the name that its client asked for; empty: none, or nobody has looked. */
  serverName = '';
  /** Whether a request came by HTTP/2. */
  isHttp2 = false;
  /** What is known of the TLS of its connection, as a JSON object; empty: plaintext. */
  tls = '';
  /** Body bytes as framed on the wire; of a connection, all bytes. */
  bytesIn = 0;
  bytesOut = 0;
  /** Name of the override that decided; empty otherwise. */
  override = '';
  /** Whether the request brought an affinity key. */
  keyed = false;
  /** Name of the field that the affinity key is in, in lower case; empty when it is in none, or in a cookie. */
  keyField = '';
  /** Field lines of the request, each with its CRLF; without those that only proxies write. Latin1. */
  fields = '';
  /** Whether the target or the fields are cut short; what lasts for long, and copies, keep only so much. */
  isCut = false;
  /** Of a copy: exchanges of its kind that it stands for in a sample, itself included. */
  standsFor = 0;
}
