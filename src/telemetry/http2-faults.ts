// Why connections and streams of HTTP/2 are ended for what a peer did on them. A metric uses the codes.

const codes = [
  // The connection: what RFC 9113 calls the errors.
  'protocol',
  'internal',
  'flow_control',
  'stream_closed',
  'frame_size',
  'compression',
  // A block of fields in too many pieces, or too large.
  'field_block',
  // What is legal, and more than work and time pay for.
  'reset_streams',
  'settings_flood',
  'ping_flood',
  'window_update_flood',
  'empty_data_flood',
  'useless_frames',
  // A head, or a frame, that did not come to its end.
  'timeout',
  // A stream alone: what is malformed, and what is beyond limits.streams.
  'malformed_stream',
  'refused_stream',
] as const;

export type Http2FaultCode = (typeof codes)[number];

/** By position. */
export const HTTP2_FAULT_CODES: readonly Http2FaultCode[] = codes;

/** Position of each code: the cell that counts it. */
export const HTTP2_FAULT = Object.fromEntries(codes.map((code, index) => [code, index])) as Readonly<Record<Http2FaultCode, number>>;
