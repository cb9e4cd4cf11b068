// Times of calendars and time zones: those of the language, from Node 26 on, else a library that does the same. Only Node 24 loads it.

const own = (globalThis as { readonly Temporal?: typeof globalThis.Temporal }).Temporal;

export const temporal: typeof globalThis.Temporal =
  own ?? ((await import('temporal-polyfill')).Temporal as unknown as typeof globalThis.Temporal);
