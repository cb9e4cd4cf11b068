// The grammar of chunk extensions (RFC 9112, section 7.1.1), byte by byte: `;name`, `;name=token` or `;name="quoted"`.
// In requests without the optional white space of the RFC: parsers disagree on it, and that has been used to smuggle requests. Of responses
// it is taken; extensions are never passed on, with or without it.

/** The state just after the first `;`. */
export const EXTENSION_START = 0;
/** The line may end here; the CR itself is not given to `nextExtensionState`. */
const EXTENSION_NAME = 1;
const VALUE_START = 2;
const VALUE = 3;
const QUOTED = 4;
const ESCAPED = 5;
/** After a value, or after the size itself. */
export const EXTENSION_BLANK = 6;
export const EXTENSION_MALFORMED = 7;
const AFTER_NAME = 8;

const SEMICOLON = 0x3b;
const QUOTE = 0x22;

const TOKEN_BYTES = new Uint8Array(256);
for (const byte of Buffer.from("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")) TOKEN_BYTES[byte] = 1;

/** Whether the extensions are complete in this state. */
export function mayEndExtension(state: number): boolean {
  return state === EXTENSION_NAME || state === VALUE || state === EXTENSION_BLANK || state === AFTER_NAME;
}

/** The state after a blank, where blanks are taken. */
export function afterBlank(state: number): number {
  switch (state) {
    case EXTENSION_NAME:
      return AFTER_NAME;
    case VALUE:
      return EXTENSION_BLANK;
    case QUOTED:
    case ESCAPED:
      return QUOTED;
    default:
      return state;
  }
}

/** The state after one more byte. */
export function nextExtensionState(state: number, byte: number): number {
  switch (state) {
    case EXTENSION_START:
      return TOKEN_BYTES[byte] === 1 ? EXTENSION_NAME : EXTENSION_MALFORMED;
    case EXTENSION_NAME:
      if (TOKEN_BYTES[byte] === 1) return EXTENSION_NAME;
      return byte === 0x3d ? VALUE_START : afterValue(byte);
    case VALUE_START:
      if (byte === QUOTE) return QUOTED;
      return TOKEN_BYTES[byte] === 1 ? VALUE : EXTENSION_MALFORMED;
    case VALUE:
      return TOKEN_BYTES[byte] === 1 ? VALUE : afterValue(byte);
    case QUOTED:
      if (byte === QUOTE) return EXTENSION_BLANK;
      if (byte === 0x5c) return ESCAPED;
      return isText(byte) ? QUOTED : EXTENSION_MALFORMED;
    case ESCAPED:
      return isText(byte) ? QUOTED : EXTENSION_MALFORMED;
    case AFTER_NAME:
      return byte === 0x3d ? VALUE_START : afterValue(byte);
    case EXTENSION_BLANK:
      return afterValue(byte);
    default:
      return EXTENSION_MALFORMED;
  }
}

function afterValue(byte: number): number {
  return byte === SEMICOLON ? EXTENSION_START : EXTENSION_MALFORMED;
}

function isText(byte: number): boolean {
  return byte === 0x09 || (byte >= 0x20 && byte !== 0x7f);
}
