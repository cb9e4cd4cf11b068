// An error as plain fields that can be posted between threads and logged: type, message and stack with those of its causes, and its code.

export function plainError(error: unknown): unknown {
  // A forwarded error arrives plain and keeps its type.
  if (!(error instanceof Error)) return error;
  const type = typeof error.constructor === 'function' ? error.constructor.name : error.name;
  const chain = causesOf(error);
  const message = chain.map(({ message }) => message).join(': ');
  const stack = chain.map(({ stack }) => stack ?? '').join('\ncaused by: ');
  const code = (error as NodeJS.ErrnoException).code;
  return code === undefined ? { type, message, stack } : { type, message, stack, code };
}

/** The error and what caused it, each once: causes may form a circle. */
function causesOf(error: Error): readonly Error[] {
  const chain: Error[] = [];
  for (let next: unknown = error; next instanceof Error && !chain.includes(next); next = next.cause) chain.push(next);
  return chain;
}
