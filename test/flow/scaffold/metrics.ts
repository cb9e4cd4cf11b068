// One scrape of /metrics, to be asked for values.

export class Metrics {
  readonly #lines: readonly { readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly value: number }[];

  constructor(text: string) {
    this.#lines = text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const [, name = '', labels = '', value = ''] = /^([a-zA-Z_:0-9]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
        const pairs = [...labels.matchAll(/([a-zA-Z_0-9]+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', of = '']) => [key, of] as const);
        return { name, labels: Object.fromEntries(pairs), value: Number(value) };
      });
  }

  /** Sum over all lines of this metric that carry these labels; 0 when there is none. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.#lines
      .filter((line) => line.name === name && Object.entries(labels).every(([key, value]) => line.labels[key] === value))
      .reduce((sum, line) => sum + line.value, 0);
  }
}
