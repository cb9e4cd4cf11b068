// Environment variables inside scalar values: `${NAME}`, `${NAME:-default}`, and `$${` for the characters `${`. Pure: it is given the variables.

import type { Fault } from './fault.ts';

/** Undefined: variables are not read, as in what the API is sent; `$${` still stands for `${`. */
export type Environment = Readonly<Record<string, string | undefined>> | undefined;

/** Braces end a value inside `{ }` and `[ ]`, so the YAML is parsed with these in their place: noncharacters, which no text is to hold. */
const [OPEN, CLOSE] = ['\ufdd0', '\ufdd1'];

/** Of what stands in place of all variables of one text, in characters. */
const MAX_FILLED = 8 * 1024 * 1024;

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(:-[^{}\r\n]*)?\}/g;
const STARTS = /\$?\$\{/g;

/** The text with the braces of variables hidden from the YAML; every offset stays. */
export function hideVariables(text: string): string {
  return text.replace(VARIABLE, (variable) => `$${OPEN}${variable.slice(2, -1)}${CLOSE}`);
}

export function showVariables(text: string): string {
  return !text.includes(OPEN) ? text : text.replaceAll(OPEN, '{').replaceAll(CLOSE, '}');
}

/** Fills in the variables of one text after the other. */
export class Filler {
  readonly #environment: Environment;
  #filled = 0;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** A scalar with its variables filled in. Of one without quotes the result is read as YAML reads it: 8080 is a number. */
  fill(value: unknown, isPlain: boolean): unknown {
    if (typeof value !== 'string') return value;
    const text = showVariables(value);
    if (!text.includes('${')) return text;
    let hasVariable = false;
    let fault: Fault | undefined;
    let from = 0;
    let filled = '';
    for (const { 0: start, index } of text.matchAll(STARTS)) {
      // Inside a variable that was just filled in.
      if (index < from) continue;
      filled += text.slice(from, index);
      from = index + start.length;
      if (start === '$${') {
        filled += '${';
        continue;
      }
      const variable = variableAt(text, index);
      const found = variable === undefined ? { fault: NO_VARIABLE } : this.#read(variable.name, variable.fallback);
      if (typeof found !== 'string') {
        fault ??= found;
        continue;
      }
      hasVariable = true;
      filled += found;
      from = index + (variable?.length ?? 0);
    }
    filled += text.slice(from);
    if (fault !== undefined) return fault;
    return isPlain && hasVariable ? asPlain(filled) : filled;
  }

  #read(name: string, fallback: string | undefined): string | Fault {
    if (this.#environment === undefined) return { fault: NOT_READ };
    const found = Object.hasOwn(this.#environment, name) ? this.#environment[name] : undefined;
    const text = found === undefined || (found === '' && fallback !== undefined) ? fallback : found;
    if (text === undefined) return { fault: `the environment variable ${name} is not set: set it, or write \${${name}:-default}` };
    this.#filled += text.length;
    return this.#filled > MAX_FILLED ? { fault: `environment variables may stand for ${MAX_FILLED / 1024 ** 2} MiB at most` } : text;
  }
}

/** The same text, written so that it is read back as it is. */
export function escapeVariables(text: string): string {
  return text.includes('${') ? text.replaceAll('${', () => '$${') : text;
}

/** Name of the variable that a text is, and nothing else; undefined when it is none. */
export function soleVariable(value: unknown): string | undefined {
  return typeof value === 'string' ? /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-[^{}]*)?\}$/.exec(showVariables(value))?.[1] : undefined;
}

const NO_VARIABLE = 'an environment variable looks like ${NAME} or ${NAME:-default}; write $${ for the characters "${"';
const NOT_READ = 'environment variables are read in files alone; write $${ for the characters "${"';

interface Variable {
  readonly name: string;
  readonly fallback: string | undefined;
  readonly length: number;
}

function variableAt(text: string, index: number): Variable | undefined {
  const pattern = new RegExp(VARIABLE.source, 'y');
  pattern.lastIndex = index;
  const found = pattern.exec(text);
  return found === null ? undefined : { name: found[1] ?? '', fallback: found[2]?.slice(2), length: found[0].length };
}

/** YAML 1.2, core schema, without its hexadecimal and octal numbers. */
function asPlain(text: string): unknown {
  if (/^(?:|~|null|Null|NULL)$/.test(text)) return null;
  if (/^(?:true|True|TRUE)$/.test(text)) return true;
  if (/^(?:false|False|FALSE)$/.test(text)) return false;
  return /^[-+]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][-+]?[0-9]{1,3})?$/.test(text) ? Number(text) : text;
}
