// The frames of RFC 9113: types, flags, sizes.

export const DATA = 0x0;
export const HEADERS = 0x1;
export const PRIORITY = 0x2;
export const RST_STREAM = 0x3;
export const SETTINGS = 0x4;
export const PUSH_PROMISE = 0x5;
export const PING = 0x6;
export const GOAWAY = 0x7;
export const WINDOW_UPDATE = 0x8;
export const CONTINUATION = 0x9;

export const END_STREAM = 0x1;
/** Of SETTINGS and PING. */
export const ACK = 0x1;
export const END_HEADERS = 0x4;
export const PADDED = 0x8;
/** Of HEADERS: five octets of the old priority scheme stand before the fields. */
export const HAS_PRIORITY = 0x20;

/** Octets of a frame before its payload. */
export const FRAME_HEAD = 9;
/** What SETTINGS_MAX_FRAME_SIZE is, unless it is said. */
export const MIN_MAX_FRAME_SIZE = 16_384;
/** Stream identifiers, window sizes and increments have 31 bits. */
export const MAX_31_BITS = 0x7fff_ffff;

/** What a client sends first (RFC 9113, section 3.4). */
export const CLIENT_PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
