// What is wrong in text that is not YAML, as a sentence of its own: told from the line, because the package's texts name its own tokens.

import { hintOfStrayCharacter } from './value-hints.ts';

/** A fault as the package reports it. */
export interface SyntaxFault {
  readonly code: string;
  readonly message: string;
  readonly pos: readonly [number, number];
}

export interface Explained {
  readonly offset: number;
  readonly message: string;
}

/** The line that a fault is in, and the one before it that says something. */
interface Around {
  readonly text: string;
  readonly offset: number;
  readonly start: number;
  /** Without quoted texts and comments, just as long. */
  readonly line: string;
}

type Explain = (fault: SyntaxFault, around: Around) => Explained | string | undefined;

const MAX_LINE = 1_000;
const SOLE = 'the file must hold one YAML document: remove the line "---" and what follows';
const COMMA = 'a comma is missing: inside { } and [ ] it stands between items';
const NO_BLANK = 'a blank is missing after the "-" of a list item';
const QUOTES = 'put the text in quotes';

/** The first that knows the fault explains it. */
const EXPLANATIONS: readonly Explain[] = [
  explainTemplate,
  explainStray,
  explainStar,
  explainAddress,
  explainTab,
  explainTag,
  explainQuotes,
  explainReserved,
  explainUnclosed,
  explainKey,
  explainIndent,
  explainColon,
  explainFlow,
];

export function explainSyntax(text: string, fault: SyntaxFault): Explained {
  const offset = firstVisible(text, fault.pos[0]);
  if (fault.code === 'MULTIPLE_DOCS') return { offset, message: SOLE };
  if (fault.code === 'RESOURCE_EXHAUSTION') return { offset, message: 'the YAML nests too deeply' };
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const around = { text, offset, start, line: plainLine(text, start) };
  for (const explain of EXPLANATIONS) {
    const found = explain(fault, around);
    if (found === undefined) continue;
    const told = typeof found === 'string' ? { offset, message: found } : found;
    return { ...told, message: `not valid YAML: ${told.message}` };
  }
  return { offset, message: `not valid YAML: check the indentation of this line and of the one before it, or ${QUOTES}` };
}

function explainTemplate(_: SyntaxFault, { line, start }: Around): Explained | undefined {
  const at = line.indexOf('{{');
  if (at >= 0)
    return { offset: start + at, message: 'templates {{ … }} are not filled in here: write ${NAME} for an environment variable' };
  const percent = line.indexOf('{%');
  return percent < 0 ? undefined : { offset: start + percent, message: 'templates {% … %} are not filled in here' };
}

/** A character that looks like another one, put in by a program for text. */
function explainStray(_: SyntaxFault, { line, start }: Around): Explained | undefined {
  const at = line.search(/[\u00a0\u202f\u200b\ufeff\u2018-\u201e]/);
  const hint = at < 0 ? undefined : hintOfStrayCharacter('', line.slice(at, at + 1));
  return hint === undefined
    ? undefined
    : { offset: start + at, message: `this character looks like another one, and ${hint.replace(/^it has/, 'it is')}` };
}

/** `*` alone, as in access-control-allow-origin, is read as an alias without a name. */
function explainStar(_: SyntaxFault, { line, start }: Around): Explained | undefined {
  const found = /(?<=[:[,-] +)\*(?=\s*(?:[,}\]]|$))/.exec(line);
  return found === null ? undefined : { offset: start + found.index, message: 'write "*" in quotes' };
}

/** Two colons make an address of IPv6; `[127.0.0.1:9001]` is a list. */
function explainAddress(_: SyntaxFault, { line, start }: Around): Explained | undefined {
  const found = /\[[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*\]/.exec(line);
  if (found === null) return undefined;
  return { offset: start + found.index, message: 'an address with brackets must be in quotes, such as "[::1]:8080"' };
}

function explainTab({ code }: SyntaxFault, { text, start, line }: Around): string | undefined {
  if (code === 'TAB_AS_INDENT') return 'lines are indented with spaces, not with tabs';
  return /^[ ]*\t/.test(line) || /^[ ]*\t/.test(text.slice(start, start + MAX_LINE))
    ? 'lines are indented with spaces, not with tabs'
    : undefined;
}

function explainTag({ code, pos }: SyntaxFault, { text }: Around): string | undefined {
  if (code !== 'TAG_RESOLVE_FAILED') return undefined;
  const tag = JSON.stringify(text.slice(pos[0], Math.min(pos[1], pos[0] + 60)).trim());
  return `${tag} is a tag, and a config has none: remove it, or put a text that begins with "!" in quotes`;
}

function explainQuotes({ code, message }: SyntaxFault, { text }: Around): Explained | string | undefined {
  if (code === 'BAD_DQ_ESCAPE') return `in double quotes a backslash begins an escape: use single quotes, such as '^\\d+$'`;
  if (code !== 'MISSING_CHAR' || !message.startsWith('Missing closing')) return undefined;
  const quote = message.includes('"quote') ? '"' : "'";
  return { offset: openQuote(text, quote), message: `this ${quote === '"' ? 'double' : 'single'} quote is never closed` };
}

function explainReserved({ code, pos }: SyntaxFault, { text }: Around): string | undefined {
  const first = text[pos[0]] ?? '';
  if (code !== 'BAD_SCALAR_START' && !/[>|]/.test(text.slice(0, pos[0]).trimEnd().at(-1) ?? '')) return undefined;
  if (code === 'BAD_SCALAR_START') return `a text that begins with ${JSON.stringify(first)} must be in quotes`;
  return code === 'UNEXPECTED_TOKEN' ? 'a text that begins with ">" or "|" must be in quotes' : undefined;
}

function explainUnclosed({ code, message, pos }: SyntaxFault, { text }: Around): Explained | undefined {
  if (code !== 'BAD_INDENT' || !message.startsWith('Flow')) return undefined;
  const [open, close] = message.includes(' map ') ? ['{', '}'] : ['[', ']'];
  const next = text.slice(pos[0]).search(/\S/);
  if (next >= 0 && text[pos[0] + next] === close)
    return { offset: pos[0] + next, message: `"${close}" must be indented deeper than the key that its "${open}" belongs to` };
  return { offset: openBracket(text, pos[0], open ?? ''), message: `this "${open}" is not closed: a "${close}" is missing` };
}

/** A line that should be `key: value`, or a key with what follows below it. */
function explainKey({ code, pos, message }: SyntaxFault, { text }: Around): Explained | undefined {
  const isKey = code === 'MULTILINE_IMPLICIT_KEY' || (code === 'MISSING_CHAR' && message.startsWith('Implicit map keys'));
  if (!isKey) return undefined;
  const start = text.lastIndexOf('\n', pos[0] - 1) + 1;
  const line = plainLine(text, start);
  const [, blanks = '', written = ''] = /^([\s-]*)(.*?)\s*$/s.exec(line) ?? [];
  const offset = start + blanks.length;
  const shown = (part: string): string => JSON.stringify(part.slice(0, 60));
  const equals = /^([\w.-]+)\s*=/.exec(written)?.[1];
  if (equals !== undefined) return { offset, message: `"=" is not YAML: write ${shown(`${equals}: …`)}` };
  const [, key, value] = /^([\w.-]+):(\S+)/.exec(written) ?? [];
  if (key !== undefined && value !== undefined)
    return { offset: offset + key.length, message: `a blank is missing after the colon: write ${shown(`${key}: ${value}`)}` };
  if (/^[\w.-]+$/.test(written)) return { offset, message: `a colon is missing after ${shown(written)}: write ${shown(`${written}:`)}` };
  const [, name, rest] = /:\s/.test(written) ? [] : (/^([\w.-]+)\s+(\S.*)$/.exec(written) ?? []);
  if (name === undefined || rest === undefined) return undefined;
  return { offset, message: `a colon is missing after ${shown(name)}: write ${shown(`${name}: ${rest.replace(/[;{]$/, '').trim()}`)}` };
}

function explainIndent({ code, message, pos }: SyntaxFault, { text, offset }: Around): Explained | string | undefined {
  if (code === 'BAD_INDENT' || message.startsWith('Sequence item')) return indentFault(text, offset);
  if (message.startsWith('A block sequence')) return { offset, message: 'a line with "- " belongs to a list: here stands a map of keys' };
  if (code !== 'BLOCK_AS_IMPLICIT_KEY' && code !== 'MULTILINE_IMPLICIT_KEY') return undefined;
  const end = endOfLine(text, pos[0]);
  if (/:(?:\s|$)/.test(plainLine(text, pos[0]).trimEnd())) return undefined;
  const next = firstVisible(text, end);
  return next > end ? indentFault(text, next) : undefined;
}

function explainColon({ code }: SyntaxFault): string | undefined {
  if (code !== 'BLOCK_AS_IMPLICIT_KEY') return undefined;
  return 'there are two ": " in one line: write one key in a line, or put a text with ": " in quotes';
}

function explainFlow({ code, message }: SyntaxFault, { text, offset }: Around): string | undefined {
  const found = text[offset] ?? '';
  if (/[\]}]/.test(found) && message.includes('in YAML stream')) return `this "${found}" closes nothing: remove it`;
  if (code === 'BLOCK_IN_FLOW' || message.startsWith('Missing ,')) return COMMA;
  if (message.startsWith('Unexpected , in')) return 'nothing stands before this comma: remove it';
  if (code === 'NON_STRING_KEY') return 'keys must be plain text';
  if (code !== 'UNEXPECTED_TOKEN') return undefined;
  const isNextKey =
    /^["'\w.-]+\s*:\s/.test(text.slice(offset, offset + MAX_LINE)) &&
    /[\]}"']\s*$/.test(text.slice(Math.max(0, offset - MAX_LINE), offset));
  if (isNextKey) return COMMA;
  return 'what comes here does not belong to the value before it: a text with any of { } [ ] , must be in quotes';
}

function indentFault(text: string, offset: number): Explained {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const at = start + (/^[ ]*/.exec(text.slice(start, start + MAX_LINE))?.[0].length ?? 0);
  const [indent, before] = [at - start, indentsBefore(text, start)];
  const fitting = [...new Set(before)].sort((a, b) => a - b);
  const wanted = fitting.length === 1 ? `${fitting[0]}` : `${fitting.slice(0, -1).join(', ')} or ${fitting.at(-1) ?? 0}`;
  const written = `this line is indented by ${indent}`;
  if (/^-[^\s-]/.test(text.slice(at, at + 2))) return { offset: at, message: NO_BLANK };
  const dash = /(?:^|\n) *(-)[A-Za-z_][^\n]*\n$/d.exec(text.slice(Math.max(0, start - MAX_LINE), start))?.indices?.[1];
  if (dash !== undefined) return { offset: Math.max(0, start - MAX_LINE) + dash[0], message: NO_BLANK };
  const deeper = fitting.find((each) => each > indent);
  if (fitting.includes(indent) && deeper !== undefined && !text.startsWith('- ', at))
    return {
      offset: at,
      message: `${written} like the items of a list, but has no "- ": indent it by ${deeper} to belong to the item before it`,
    };
  if (fitting.includes(indent)) return { offset: at, message: `${written}, which does not fit the lines before it` };
  return {
    offset: at,
    message: `${written}, which fits no line before it: indent by ${wanted}, as the key or item beside which it stands`,
  };
}

/** Columns in which a line after the ones before it may begin. */
function indentsBefore(text: string, end: number): readonly number[] {
  const open: number[] = [];
  for (const line of text.slice(Math.max(0, end - 100_000), end).split('\n')) {
    const [, blanks, dashes = ''] = /^( *)((?:- +)*)[^\s#]/.exec(line.slice(0, MAX_LINE)) ?? [];
    if (blanks === undefined) continue;
    while ((open.at(-1) ?? -1) >= blanks.length) open.pop();
    open.push(blanks.length);
    for (const dash of dashes.matchAll(/- +/g)) open.push(blanks.length + dash.index + dash[0].length);
  }
  return open.length === 0 ? [0] : open;
}

/** The rest of a line from `start` on, with blanks in place of quoted texts and comments. */
function plainLine(text: string, start: number): string {
  const line = text.slice(start, Math.min(endOfLine(text, start), start + MAX_LINE));
  return line.replace(/"(?:[^"\\]|\\.)*"|'[^']*'|(?<=^|\s)#.*/g, (part) => ' '.repeat(part.length));
}

function endOfLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end;
}

/** Faults at the end of a line are about what comes next. */
function firstVisible(text: string, offset: number): number {
  const found = text.slice(offset, offset + 10_000).search(/\S/);
  return found < 0 ? Math.min(offset, text.length) : offset + found;
}

/** The last line in which such a quote is open: one that is closed again stands twice in its line. */
function openQuote(text: string, quote: string): number {
  let offset = 0;
  for (const line of text.split('\n')) {
    const bare = line.replace(/(?<=^|\s)#.*/, '');
    const first = bare.search(quote === '"' ? /(?<=[\s[{,:]|^)"/ : /(?<=[\s[{,:]|^)'/);
    if (first >= 0 && bare.split(quote).length % 2 === 0) return offset + bare.lastIndexOf(quote);
    offset += line.length + 1;
  }
  return text.length;
}

/** The nearest bracket before `end` that is not closed until there. */
function openBracket(text: string, end: number, open: string): number {
  const close = open === '{' ? '}' : ']';
  let depth = 0;
  for (let offset = end - 1; offset >= 0; offset--) {
    if (text[offset] === close) depth++;
    else if (text[offset] === open && depth-- === 0) return offset;
  }
  return end;
}
