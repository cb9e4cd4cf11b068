// Field paths as a tree that grows with the responses, so that a path is spelled and its rules are found once, not once per comparison.
// Bounded: beyond the bound nodes are made for the moment only.

import type { ComparisonRules, FieldRule, FieldUse } from './comparison-rules.ts';
import { ID, looksLikeId } from './identifier.ts';

/** How far a rule's pattern has been followed. */
interface Progress {
  readonly rule: FieldRule;
  readonly step: number;
}

type ListUse = Extract<FieldUse, { kind: 'list' }>;
type NumberUse = Extract<FieldUse, { kind: 'number' }>;

interface Growth {
  left: number;
}

/** Paths of fields that are remembered. */
const MAX_KEPT_LENGTH = 512;

const PLAIN_KEY = /^[A-Za-z_$][\w$-]*$/;

export class FieldNode {
  readonly path: string;
  readonly isIgnored: boolean;
  readonly isRedacted: boolean;
  readonly list: ListUse | undefined;
  readonly number: NumberUse | undefined;
  readonly #progress: readonly Progress[];
  readonly #growth: Growth;
  readonly #children = new Map<string, FieldNode>();
  #item: FieldNode | undefined = undefined;

  constructor(path: string, progress: readonly Progress[], growth: Growth, isRedacted: boolean) {
    this.path = path;
    this.#progress = progress;
    this.#growth = growth;
    const uses = progress.filter(({ rule, step }) => step === rule.pattern.length).map(({ rule }) => rule.use);
    this.isIgnored = uses.some((use) => use.kind === 'ignore');
    this.isRedacted = isRedacted || uses.some((use) => use.kind === 'redact');
    // The last one that is written counts.
    this.list = uses.findLast((use) => use.kind === 'list');
    this.number = uses.findLast((use) => use.kind === 'number');
  }

  /** The field of this name. Names that look like data share one node, unless a rule spells them out. */
  key(name: string): FieldNode {
    return this.#children.get(name) ?? this.#addKey(name);
  }

  /** The items of the list that this field is. */
  item(): FieldNode {
    if (this.#item !== undefined) return this.#item;
    const node = this.#grow(`${this.path}[*]`, advance(this.#progress, undefined));
    if (this.#takesPlace(node)) this.#item = node;
    return node;
  }

  #addKey(name: string): FieldNode {
    const shown = looksLikeId(name) && !this.#isSpelled(name) ? ID : name;
    const known = shown === name ? undefined : this.#children.get(shown);
    if (known !== undefined) return known;
    const node = this.#grow(this.path + spell(shown), advance(this.#progress, shown));
    if (this.#takesPlace(node)) this.#children.set(shown, node);
    return node;
  }

  #takesPlace(node: FieldNode): boolean {
    if (this.#growth.left <= 0 || node.path.length > MAX_KEPT_LENGTH) return false;
    this.#growth.left--;
    return true;
  }

  #isSpelled(name: string): boolean {
    return this.#progress.some(({ rule, step }) => {
      const next = rule.pattern[step];
      return next?.kind === 'key' && next.name === name;
    });
  }

  #grow(path: string, progress: readonly Progress[]): FieldNode {
    return new FieldNode(path, progress, this.#growth, this.isRedacted);
  }
}

/** The node of the whole body, `$`, with room for as many others as the limits allow. */
export function plantFields(rules: ComparisonRules): FieldNode {
  const start = rules.fields.map((rule) => ({ rule, step: 0 }));
  return new FieldNode('$', close(start), { left: rules.limits.knownFields }, false);
}

/** One step down: to the key of this name, or to an item. */
function advance(progress: readonly Progress[], key: string | undefined): readonly Progress[] {
  const next: Progress[] = [];
  for (const { rule, step } of progress) {
    const wanted = rule.pattern[step];
    if (wanted === undefined) continue;
    if (wanted.kind === 'any-depth') next.push({ rule, step });
    else if (wanted.kind === 'item' ? key === undefined : key !== undefined && (wanted.kind === 'any-key' || wanted.name === key))
      next.push({ rule, step: step + 1 });
  }
  return close(next);
}

/** Adds what is reached without a step, because `**` may stand for nothing. No place is listed twice. */
function close(progress: readonly Progress[]): readonly Progress[] {
  const all: Progress[] = [];
  const has = ({ rule, step }: Progress): boolean => all.some((other) => other.rule === rule && other.step === step);
  for (const start of progress) {
    for (let at: Progress | undefined = start; at !== undefined; at = skip(at)) if (!has(at)) all.push(at);
  }
  return all;
}

function skip({ rule, step }: Progress): Progress | undefined {
  return rule.pattern[step]?.kind === 'any-depth' ? { rule, step: step + 1 } : undefined;
}

function spell(key: string): string {
  if (key === ID || PLAIN_KEY.test(key)) return `.${key}`;
  return `['${key.replace(/['\\]/g, '\\$&').replace(/[\x00-\x1f\x7f\u2028\u2029]/g, '?')}']`;
}
