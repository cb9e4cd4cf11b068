// Names and texts that keep a word of the Avoid column, each with its reason. A line that nothing needs any more fails the test.

export interface Exception {
  /** The whole name, or the whole text. */
  readonly text: string;
  readonly reason: string;
}

export const EXCEPTIONS: readonly Exception[] = [
  { text: 'isTransaction', reason: 'The name that node:sqlite gives it.' },
  { text: 'rescued', reason: 'The name of a figure in the contract of the API.' },
  { text: 'overtaken', reason: 'A detail of journal lines, old ones among them.' },
  { text: 'x-cluster-client-ip', reason: 'A field that other proxies write.' },
  { text: 'pools.*.mirrors.*.limits.answer', reason: 'A key that configs had once; a Problem says what it is called now.' },
];
