// What has words in it: the identifiers, texts and comments of source files, and the keys of the YAML. It reads and runs nothing of them.

import ts from 'typescript';
import type { FileSet } from '../layers/imports.ts';

export interface Said {
  /** `src/proxy/exchange.ts:12`. */
  readonly at: string;
  readonly text: string;
}

export interface Words {
  readonly identifiers: readonly Said[];
  /** String literals and the fixed parts of templates, without those that name a module. */
  readonly texts: readonly Said[];
  readonly comments: readonly Said[];
}

export function readWords(files: FileSet): Words {
  const words = { identifiers: [] as Said[], texts: [] as Said[], comments: [] as Said[] };
  for (const [file, content] of files) readFile(file, content, words);
  return words;
}

/** Names of all properties of a JSON schema, at any depth. */
export function keysOf(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties } = schema as { readonly properties?: object };
  const own = typeof properties === 'object' ? Object.keys(properties) : [];
  return [...own, ...Object.values(schema).flatMap(keysOf)];
}

function readFile(file: string, content: string, words: { readonly [Kind in keyof Words]: Said[] }): void {
  const source = ts.createSourceFile(file, content, ts.ScriptTarget.Latest, true);
  const comments = new Map<number, number>();
  const said = (position: number, text: string): Said => ({
    at: `${file}:${source.getLineAndCharacterOfPosition(position).line + 1}`,
    text,
  });
  const visit = (node: ts.Node): void => {
    for (const range of ts.getLeadingCommentRanges(content, node.pos) ?? []) comments.set(range.pos, range.end);
    for (const range of ts.getTrailingCommentRanges(content, node.end) ?? []) comments.set(range.pos, range.end);
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) words.identifiers.push(said(node.getStart(), node.text.replace('#', '')));
    else if (isText(node) && !namesModule(node)) words.texts.push(said(node.getStart(), node.text));
    node.getChildren(source).forEach(visit);
  };
  visit(source);
  for (const [start, end] of comments) words.comments.push(said(start, content.slice(start, end)));
}

function isText(node: ts.Node): node is ts.LiteralLikeNode {
  return ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node);
}

function namesModule({ parent }: ts.Node): boolean {
  return (
    ts.isImportDeclaration(parent) ||
    ts.isExportDeclaration(parent) ||
    ts.isExternalModuleReference(parent) ||
    (ts.isNewExpression(parent) && parent.expression.getText() === 'URL')
  );
}
