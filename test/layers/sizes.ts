// Long files and long functions. Length is counted in lines as they stand, comments and blanks included.

import ts from 'typescript';
import type { FileSet } from './imports.ts';

const MAX_FILE_LINES = 300;
const MAX_FUNCTION_LINES = 40;
/** A file may be long when its first comment says why, in these words. */
const REASON = 'Long because';

/** @param known files that are known to be too long */
export function findLongFiles(files: FileSet, known: readonly string[] = []): readonly string[] {
  const tooLong = [...files].flatMap(([file, content]) => {
    const lines = content.split('\n').length - 1;
    return lines <= MAX_FILE_LINES || headOf(content).includes(REASON) ? [] : [{ file, lines }];
  });
  return [
    ...tooLong
      .filter(({ file }) => !known.includes(file))
      .map(({ file, lines }) => `${file}: ${lines} lines; cut it at a seam, or say "${REASON} …" at its top`),
    ...known
      .filter((file) => !tooLong.some((each) => each.file === file))
      .map((file) => `${file}: is not too long any more; strike it out`),
  ];
}

/** @param known `file name` of functions that are known to be too long */
export function findLongFunctions(files: FileSet, known: readonly string[] = []): readonly string[] {
  const tooLong = [...files].flatMap(([file, content]) => longFunctions(file, content));
  return [
    ...tooLong
      .filter(({ name }) => !known.includes(name))
      .map(({ name, lines }) => `${name}: ${lines} lines; a function has at most ${MAX_FUNCTION_LINES}`),
    ...known
      .filter((name) => !tooLong.some((each) => each.name === name))
      .map((name) => `${name}: is not too long any more; strike it out`),
  ];
}

function longFunctions(file: string, content: string): readonly { readonly name: string; readonly lines: number }[] {
  const source = ts.createSourceFile(file, content, ts.ScriptTarget.Latest, true);
  const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line;
  const found: { name: string; lines: number }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) {
      const lines = lineOf(node.end) - lineOf(node.getStart(source)) + 1;
      if (lines > MAX_FUNCTION_LINES) found.push({ name: `${file} ${nameOf(node)}`, lines });
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
