// Applies an operator's header changes to a header block: requests and responses alike.
// Compiled once per route; a line that stays keeps its bytes and its place.

import { isForwardingField } from './forwarding-fields.ts';
import { nextLine, toFieldText } from './header-block.ts';
import { CDN_LOOP_FIELD, VIA_FIELD } from './way.ts';

/** Changes to a header as an operator writes them: `set` replaces every field of the name, `add` appends one, `remove` removes all. */
export interface WrittenHeaderChanges {
  readonly set: readonly (readonly [string, string])[];
  readonly add: readonly (readonly [string, string])[];
  readonly remove: readonly string[];
}

/** The same, made ready once for many blocks. */
export interface CompiledHeaderChanges {
  /** Lower-case names whose lines go. */
  readonly remove: ReadonlySet<string>;
  /** Bit n is set when a name of n characters (31 = 31 and more) may have to go; spares most lines the look into `remove`. */
  readonly lengths: number;
  /** Field lines that are appended. */
  readonly append: string;
  /** Whether a field that a proxy writes is among the names: then the changes come after it has been written, and so are final. */
  readonly forwarding: boolean;
  /** Whether Via leaves with them and CDN-Loop does not: there the way is told in its stead. */
  readonly hidesWay: boolean;
}

const TAB = 0x09;
/** RFC 9110, section 5.6.2. Only names from the Config are tested with it. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** @throws RangeError for a name that is no token or a value with control characters (which a checked Config never holds). */
export function compileHeaderChanges(changes: WrittenHeaderChanges): CompiledHeaderChanges {
  const remove = new Set<string>();
  let append = '';
  let lengths = 0;
  for (const name of changes.remove) remove.add(lowerName(name));
  for (const [name, value] of changes.set) {
    remove.add(lowerName(name));
    append += fieldLine(name, value);
  }
  for (const [name, value] of changes.add) append += fieldLine(name, value);
  for (const name of remove) lengths |= 1 << Math.min(name.length, 31);
  const names = [...remove, ...changes.add.map(([name]) => name.toLowerCase())];
  return {
    remove,
    lengths,
    append,
    forwarding: names.some((name) => name === VIA_FIELD || name === CDN_LOOP_FIELD || isForwardingField(name)),
    hidesWay: remove.has(VIA_FIELD) && !remove.has(CDN_LOOP_FIELD),
  };
}

/** The block without the lines to remove and with the new ones at its end. Untouched lines keep their bytes and order. */
export function applyHeaderChanges(block: string, changes: CompiledHeaderChanges): string {
  if (changes.lengths === 0) return block + changes.append;
  let kept = '';
  let runStart = 0;
  let colon = -1;
  for (let line = 0; line < block.length;) {
    const next = nextLine(block, line);
    // Only moves forward, so that lines without a colon cannot make this quadratic.
    if (colon < line) colon = block.indexOf(':', line);
    if (colon < 0) break;
    const length = Math.min(colon, next) - line;
    if ((changes.lengths & (1 << Math.min(length, 31))) !== 0 && changes.remove.has(block.slice(line, line + length).toLowerCase())) {
      kept += block.slice(runStart, line);
      runStart = next;
    }
    line = next;
  }
  return (runStart === 0 ? block : kept + block.slice(runStart)) + changes.append;
}

/** A field line with its CRLF; characters beyond latin1 become UTF-8 bytes. */
export function fieldLine(name: string, value: string): string {
  lowerName(name);
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if ((code < 0x20 && code !== TAB) || code === 0x7f) throw new RangeError(`value of field ${name} holds a control character`);
  }
  return `${name}: ${toFieldText(value)}\r\n`;
}

function lowerName(name: string): string {
  if (!TOKEN.test(name)) throw new RangeError(`${JSON.stringify(name)} is no field name`);
  return name.toLowerCase();
}
