// What a regular expression (RE2 syntax) says about the beginning of a text, as far as that can be read off it with certainty.

export interface Lead {
  /** Every text that the expression matches begins with this; empty where nothing is certain. */
  readonly required: string;
  /** The expression matches every text without line ends that begins with this; undefined where that is not certain. */
  readonly covered: string | undefined;
  /** The expression matches `required` and nothing else. */
  readonly isWhole: boolean;
}

const UNKNOWN: Lead = { required: '', covered: undefined, isWhole: false };

/** Letters, digits, blanks and signs that stand for themselves. */
const LITERAL = /^[A-Za-z0-9 !"#%&',/:;<=>@_`~-]$/;
const SIGN = /^[!-/:-@[-`{-~]$/;
const OPTIONAL = '*?{';
/** Flags may stand anywhere, and a repetition behind them belongs to what is before them. */
const SETS_FLAGS = /\(\?[^:P<]/;

/** Never claims what does not hold; says less than there is where an expression is not simple. */
export function leadOf(expression: string): Lead {
  if (SETS_FLAGS.test(expression) || hasAlternatives(expression)) return UNKNOWN;
  const isAnchored = expression.startsWith('^');
  let text = '';
  let at = isAnchored ? 1 : 0;
  for (;;) {
    const escaped = expression[at] === '\\';
    const sign = expression[escaped ? at + 1 : at];
    if (sign === undefined || !(escaped ? SIGN : LITERAL).test(sign)) break;
    const next = at + (escaped ? 2 : 1);
    // What may be missing, or be there again, is no part of the beginning.
    if (OPTIONAL.includes(expression[next] ?? ' ')) break;
    text += sign;
    at = next;
    if (expression[at] === '+') break;
  }
  const rest = expression.slice(at);
  const covered = rest === '' || rest === '.*' || rest === '.*$' ? text : undefined;
  return { required: isAnchored ? text : '', covered, isWhole: isAnchored && rest === '$' };
}

/** Whether a `|` may stand outside of groups; true where that cannot be told. */
function hasAlternatives(expression: string): boolean {
  let depth = 0;
  for (let i = 0; i < expression.length; i++) {
    switch (expression.charAt(i)) {
      case '\\':
        if (expression[i + 1] === 'Q') return true;
        i++;
        break;
      case '[':
        i = endOfClass(expression, i);
        break;
      case '(':
        depth++;
        break;
      case ')':
        depth--;
        break;
      case '|':
        if (depth === 0) return true;
    }
  }
  return depth !== 0;
}

/** Position of the `]` that ends the class at `from`; that of the end where none does. */
function endOfClass(expression: string, from: number): number {
  let i = expression[from + 1] === '^' ? from + 2 : from + 1;
  if (expression[i] === ']') i++;
  while (i < expression.length && expression[i] !== ']') {
    const named = expression.startsWith('[:', i) ? expression.indexOf(':]', i) : -1;
    i = named >= 0 ? named + 2 : expression[i] === '\\' ? i + 2 : i + 1;
  }
  return i;
}
