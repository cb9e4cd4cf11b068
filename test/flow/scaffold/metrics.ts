// One scrape of /metrics, to be asked for values. Only what is asked for is read: most scrapes are one look of many.

export class Metrics {
  readonly #lines: readonly string[];

  constructor(text: string) {
    this.#lines = text.split('\n');
  }

  /** Sum over all lines of this metric that carry these labels; 0 when there is none. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const wanted = Object.entries(labels);
    let sum = 0;
    for (const line of this.#lines) {
      if (!line.startsWith(name)) continue;
      const [, itsName, itsLabels = '', value] = /^([a-zA-Z_:0-9]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (itsName !== name) continue;
      const pairs = [...itsLabels.matchAll(/([a-zA-Z_0-9]+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', of = '']) => [key, of] as const);
      const found = new Map(pairs);
      if (wanted.every(([key, of]) => found.get(key) === of)) sum += Number(value);
    }
    return sum;
  }
}
