// Long files and long functions. Length is counted in lines as they stand, comments and blanks included.

import ts from 'typescript';
import type { FileSet } from './imports.ts';

const MAX_FILE_LINES = 300;
const MAX_FUNCTION_LINES = 40;
/** A file may be long when its first comment says why, in these words. */
const REASON = 'Long because';

export function findLongFiles(files: FileSet): readonly string[] {
  return [...files].flatMap(([file, content]) => {
    const lines = content.split('\n').length - 1;
    if (lines <= MAX_FILE_LINES || headOf(content).includes(REASON)) return [];
    return [`${file}: ${lines} lines; cut it at a seam, or say "${REASON} …" at its top`];
  });
}

export function findLongFunctions(files: FileSet): readonly string[] {
  return [...files].flatMap(([file, content]) =>
    longFunctions(file, content).map(({ name, lines }) => `${file} ${name}: ${lines} lines; a function has at most ${MAX_FUNCTION_LINES}`),
  );
}

function longFunctions(file: string, content: string): readonly { readonly name: string; readonly lines: number }[] {
  const source = ts.createSourceFile(file, content, ts.ScriptTarget.Latest, true);
  const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line;
  const found: { name: string; lines: number }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) {
      const lines = lineOf(node.end) - lineOf(node.getStart(source)) + 1;
      if (lines > MAX_FUNCTION_LINES) found.push({ name: nameOf(node), lines });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function nameOf(node: ts.SignatureDeclaration): string {
  if (ts.isConstructorDeclaration(node)) return 'constructor';
  const holder =
    node.name ?? (ts.isVariableDeclaration(node.parent) || ts.isPropertyAssignment(node.parent) ? node.parent.name : undefined);
  return holder?.getText() ?? 'without a name';
}

/** The comment lines that the file begins with. */
function headOf(content: string): string {
  return /^(?:#!.*\n)?(?:\/\/.*\n)*/.exec(content)?.[0] ?? '';
}
