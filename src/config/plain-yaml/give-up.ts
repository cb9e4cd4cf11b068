// Why and where the reader of plain YAML stopped. What it does not read may still be good YAML, for the library to say.

/** Reasons that are the same in all YAML. */
export const NOTHING = 'nothing';
export const OTHER_KIND = 'another kind of value than belongs at the top';

export class GaveUp {
  /** Position in the text. */
  readonly offset: number;
  /** Words that follow "here stands": what it met. */
  readonly reason: string;

  constructor(offset: number, reason: string) {
    this.offset = offset;
    this.reason = reason;
  }
}
