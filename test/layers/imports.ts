// Reads what each source file imports, whatever the form of the import. Parses only; runs and resolves nothing but paths.

import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';

/** Path from the project's root (`src/proxy/exchange.ts`) to content. */
export type FileSet = ReadonlyMap<string, string>;

export interface Import {
  readonly file: string;
  readonly line: number;
  /** As written. */
  readonly specifier: string;
  /** Path from the project's root for a relative import; undefined for packages and `node:`. */
  readonly target: string | undefined;
  /** `thread` is `new URL('./x.ts', import.meta.url)`, the way a worker thread's file is named: it loads nothing into this one. */
  readonly kind: 'value' | 'type' | 'thread';
  /** Whether it hands on what it imports (`export … from`). */
  readonly reexport: boolean;
}

/** All `.ts` and `.js` files below `folder` of `root`. */
export function readFileSet(root: string, folder: string): FileSet {
  const names = readdirSync(posix.join(root, folder), { recursive: true, encoding: 'utf8' }).filter((name) => /\.[cm]?[jt]sx?$/.test(name));
  return new Map(names.sort().map((name) => [posix.join(folder, name), readFileSync(posix.join(root, folder, name), 'utf8')]));
}

// Several rules ask for the imports of the same files, and reading them takes seconds.
const found = new WeakMap<FileSet, readonly Import[]>();

export function findImports(files: FileSet): readonly Import[] {
  const known = found.get(files) ?? [...files].flatMap(([file, content]) => importsOf(file, content));
  found.set(files, known);
  return known;
}

/** Whether a file does nothing but hand on what others export. */
export function isBarrel(file: string, content: string): boolean {
  const { statements } = parse(file, content);
  const handsOn = (statement: ts.Statement) => ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined;
  const relevant = statements.filter((statement) => !ts.isImportDeclaration(statement));
  return relevant.length > 0 && relevant.every(handsOn);
}

function importsOf(file: string, content: string): readonly Import[] {
  const source = parse(file, content);
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    const reference = referenceOf(node);
    if (reference !== undefined) {
      const { specifier, ...rest } = reference;
      const target = specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : undefined;
      found.push({ file, line: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1, specifier, target, ...rest });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

type Reference = Pick<Import, 'specifier' | 'kind' | 'reexport'>;

function referenceOf(node: ts.Node): Reference | undefined {
  if (ts.isImportDeclaration(node)) return reference(node.moduleSpecifier, importKind(node), false);
  if (ts.isExportDeclaration(node)) return reference(node.moduleSpecifier, exportKind(node), true);
  if (ts.isImportTypeNode(node)) return reference(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, 'type', false);
  if (ts.isExternalModuleReference(node)) return reference(node.expression, 'value', false);
  if (ts.isCallExpression(node) && isLoader(node.expression)) return reference(node.arguments[0], 'value', false);
  if (ts.isNewExpression(node) && isModuleUrl(node)) return reference(node.arguments?.[0], 'thread', false);
  return undefined;
}

function reference(specifier: ts.Node | undefined, kind: Import['kind'], reexport: boolean): Reference | undefined {
  if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return undefined;
  return { specifier: specifier.text, kind, reexport };
}

/** With verbatimModuleSyntax, `import { type A }` still loads the module; `import type` does not. */
function importKind(node: ts.ImportDeclaration): Import['kind'] {
  return node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword ? 'type' : 'value';
}

function exportKind(node: ts.ExportDeclaration): Import['kind'] {
  return node.isTypeOnly ? 'type' : 'value';
}

function isLoader(callee: ts.Expression): boolean {
  return callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require');
}

function isModuleUrl(node: ts.NewExpression): boolean {
  const [path, origin] = node.arguments ?? [];
  if (!ts.isIdentifier(node.expression) || node.expression.text !== 'URL' || origin?.getText() !== 'import.meta.url') return false;
  return path !== undefined && ts.isStringLiteralLike(path) && /\.[cm]?[jt]s$/.test(path.text);
}

function parse(file: string, content: string): ts.SourceFile {
  return ts.createSourceFile(file, content, ts.ScriptTarget.Latest, true);
}
