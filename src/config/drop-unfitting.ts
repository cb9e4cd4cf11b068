// Amendments that no longer fit a file that has changed, found and left out: the file is never refused because of them.

import { covers } from './amend.ts';
import type { Amendment, SupersededAmendment } from './amend.ts';
import { AmendedDocument } from './amended-document.ts';
import type { Merged } from './merge.ts';
import type { Problem } from './problem.ts';

/** What decodes one document; only its Problems matter here. */
export type Check = (document: Merged) => readonly Problem[];

export interface Fit {
  /** In order. */
  readonly amendments: readonly Amendment[];
  readonly superseded: readonly SupersededAmendment[];
}

/** Each round decodes up to fifteen times. After these all that is left is given up. */
const MAX_ROUNDS = 8;

/**
 * Leaves out, of amendments to a document that has no Problems by itself, those that the Problems lie in; where that names none, those that
 * they are about; else the oldest with which there are Problems.
 */
export function dropUnfittingAmendments(file: Merged, amendments: readonly Amendment[], check: Check): Fit {
  const superseded: SupersededAmendment[] = [];
  let rest = amendments;
  for (let round = 0; ; round++) {
    const document = new AmendedDocument(file, rest);
    superseded.push(...document.amended.superseded);
    rest = document.amended.amendments;
    const problems = rest.length === 0 ? [] : check(document);
    const [first] = problems;
    if (first === undefined) return { amendments: rest, superseded };
    const left = round < MAX_ROUNDS ? misfits(document, problems) : rest.map((amendment) => misfit(amendment, first));
    if (left.length === 0) left.push(misfit(findFirst(file, rest, check), first));
    superseded.push(...left);
    const gone = new Set(left.map(({ amendment }) => amendment));
    rest = rest.filter((amendment) => !gone.has(amendment));
  }
}

function misfits(document: AmendedDocument, problems: readonly Problem[]): SupersededAmendment[] {
  const found = new Map<Amendment, SupersededAmendment>();
  for (const problem of problems) {
    const within = document.amendmentAt(problem);
    const about = within === undefined ? below(document, problem) : [within];
    for (const amendment of about) if (!found.has(amendment)) found.set(amendment, misfit(amendment, problem));
  }
  return [...found.values()];
}

/** Amendments of parts of one thing that as a whole is wrong, such as a pool that needs a split. */
function below(document: AmendedDocument, problem: Problem): readonly Amendment[] {
  const path = document.pathOf(problem) ?? [];
  if (path.length < 2) return [];
  return document.amended.amendments.filter(
    (amendment) => path.length <= amendment.path.length && covers({ path: path.map(String) }, amendment.path),
  );
}

/** Of amendments that as a whole have Problems, the last one of a shortest beginning that has: by halving, so without trying each. */
function findFirst(file: Merged, amendments: readonly Amendment[], check: Check): Amendment {
  let [good, bad] = [0, amendments.length];
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    if (check(new AmendedDocument(file, amendments.slice(0, middle))).length === 0) good = middle;
    else bad = middle;
  }
  return amendments[bad - 1] as Amendment;
}

function misfit(amendment: Amendment, { message }: Problem): SupersededAmendment {
  return { amendment, reason: `it no longer fits the file: ${message}` };
}
