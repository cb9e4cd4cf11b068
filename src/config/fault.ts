// Why one piece of text was refused; it becomes a Problem once its place is known.

export interface Fault {
  readonly fault: string;
}

export function isFault(value: unknown): value is Fault {
  return typeof value === 'object' && value !== null && 'fault' in value;
}
