// What is wrong with single bytes of a name, a value or a request target. Readers gather it while they go over the bytes anyway.

/** Not in any value: control bytes other than tab (RFC 9113, section 8.2.1, forbids three of them, RFC 9110 all). */
export const VALUE_FAULT = 1;
/** Not in a name: no token (RFC 9110, section 5.6.2), or in upper case. */
export const NAME_FAULT = 2;
/** Not in a request target: other than visible ASCII, and `#`. */
export const TARGET_FAULT = 4;

const NAME = /[!#$%&'*+\-.^_`|~0-9a-z]/;
const VALUE = /[\t -~\x80-\xff]/;
const TARGET = /[!"$-~]/;

/** Sum of the faults by byte. */
export const BYTE_FAULTS = Uint8Array.from({ length: 256 }, (_, byte) => {
  const text = String.fromCharCode(byte);
  return (VALUE.test(text) ? 0 : VALUE_FAULT) | (NAME.test(text) ? 0 : NAME_FAULT) | (TARGET.test(text) ? 0 : TARGET_FAULT);
});
