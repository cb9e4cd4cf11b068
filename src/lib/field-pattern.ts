// Patterns of field paths: `$.a.b`, `items[*].id`, `**.updatedAt`, `users.*.name`, `$['odd key']`. Parsed once, then followed step by step.

type PatternStep =
  | { readonly kind: 'key'; readonly name: string }
  | { readonly kind: 'any-key' }
  | { readonly kind: 'item' }
  /** Any number of keys and items, none included. */
  | { readonly kind: 'any-depth' };

export type Pattern = readonly PatternStep[];

/** In characters. */
export const MAX_PATTERN_LENGTH = 256;
const STEP = /\.?\*\*|\[\*\]|\['((?:[^'\\]|\\['\\])*)'\]|\.?\*|\.?([^.[\]*'"\s]+)/y;

/** The fault of a pattern; undefined where it has none. */
export function checkPattern(text: string): string | undefined {
  const parsed = parse(text);
  return typeof parsed === 'string' ? parsed : undefined;
}

/** The steps of a pattern that `checkPattern` finds nothing wrong with; throws an Error otherwise. */
export function parsePattern(text: string): Pattern {
  const parsed = parse(text);
  if (typeof parsed === 'string') throw new Error(`${JSON.stringify(text)}: ${parsed}`);
  return parsed;
}

function parse(text: string): Pattern | string {
  if (text.length > MAX_PATTERN_LENGTH) return `a field path has at most ${MAX_PATTERN_LENGTH} characters`;
  const steps: PatternStep[] = [];
  const from = text === '$' || /^\$[.[]/.test(text) ? 1 : 0;
  for (let at = from; at < text.length; at = STEP.lastIndex) {
    STEP.lastIndex = at;
    const found = STEP.exec(text);
    if (found === null) return explain(text, at);
    if (at > 0 && !/^[.[]/.test(found[0])) return `a '.' is missing at character ${at + 1}`;
    if (at === 0 && found[0].startsWith('.')) return `a field path starts with '$', a key, '*' or '**', not with '.'`;
    const step = toStep(found);
    // Two in a row say no more than one, and cost more.
    if (step.kind !== 'any-depth' || steps.at(-1)?.kind !== 'any-depth') steps.push(step);
  }
  return text === '' ? `a field path is empty; '$' is the whole body` : steps;
}

function toStep(found: RegExpExecArray): PatternStep {
  const quoted = found[1];
  if (quoted !== undefined) return { kind: 'key', name: quoted.replace(/\\(.)/g, '$1') };
  if (found[0].endsWith('**')) return { kind: 'any-depth' };
  if (found[0] === '[*]') return { kind: 'item' };
  return found[2] === undefined ? { kind: 'any-key' } : { kind: 'key', name: found[2] };
}

function explain(text: string, at: number): string {
  if (/^\[-?[0-9]+\]/.test(text.slice(at))) return `list positions are not told apart: write '[*]' at character ${at + 1}`;
  return `not understood at character ${at + 1}; a path looks like '$.a.b', 'items[*].id' or '**.updatedAt'`;
}
