// A written config that is being changed field by field. It copies what it touches, once; the config it was made from stays as it is.

import { isMap, own } from '../lib/plain.ts';
import type { Plain } from '../lib/plain.ts';
import type { Fault } from './fault.ts';
import { inFull, isNamedList, isNamedThing, itemsOf } from './field.ts';
import type { FieldPath } from './field.ts';
import { formatPath } from './path.ts';

/** While it is changed, a list of named things is a map by name: it keeps its order, and to find one costs the same in long lists. */
type Container = Record<string, unknown> | Map<string | number, unknown>;

export class Draft {
  private readonly root: Record<string, unknown>;
  private readonly copies = new WeakSet<object>();
  private readonly lists: { readonly around: Container; readonly key: string }[] = [];

  constructor(written: Plain) {
    this.root = { ...written };
    this.copies.add(this.root);
  }

  /** Undefined removes the field. Nothing is changed when a thing that the field belongs to is missing. */
  set(path: FieldPath, value: unknown): Fault | undefined {
    const gone = this.missing(path);
    if (gone !== undefined) return { fault: gone };
    const key = path.at(-1) ?? '';
    if (value === undefined && this.peek(path) === undefined) return undefined;
    const container = this.own(path.slice(0, -1));
    if (container === undefined) return { fault: `${formatPath(path.slice(0, -1))} cannot hold "${key}"` };
    if (value !== undefined) put(container, key, value);
    else if (container instanceof Map) container.delete(key);
    else Reflect.deleteProperty(container, key);
    return undefined;
  }

  /** Which pool, version or other named thing that the field belongs to is not there, as a sentence; undefined when all are. */
  missing(path: FieldPath): string | undefined {
    for (let depth = 1; depth < path.length; depth++) {
      const thing = path.slice(0, depth);
      if (isNamedThing(thing) && this.peek(thing) === undefined) return `there is no ${formatPath(thing)}`;
    }
    return undefined;
  }

  /** The draft is not used any more afterwards. */
  finish(): Plain {
    for (const { around, key } of this.lists) {
      const list = get(around, key);
      if (list instanceof Map) put(around, key, [...list.values()]);
    }
    return this.root;
  }

  private peek(path: FieldPath): unknown {
    let value: unknown = this.root;
    for (const [depth, part] of path.entries()) {
      const around = path.slice(0, depth);
      const container = inFull(value, around);
      if (container instanceof Map) value = container.get(part);
      else if (Array.isArray(container)) value = isNamedList(around) ? itemsOf(container, around).get(part) : undefined;
      else value = isMap(container) ? own(container, part) : undefined;
    }
    return value;
  }

  /** The container at `path` as a copy that may be changed; made where nothing is there. Undefined when something else is. */
  private own(path: FieldPath): Container | undefined {
    let container: Container = this.root;
    for (const [depth, key] of path.entries()) {
      const at = path.slice(0, depth + 1);
      const found = inFull(get(container, key), at);
      const copy = this.copyOf(found, at);
      if (copy === undefined) return undefined;
      if (copy !== found) put(container, key, copy);
      if (copy !== found && copy instanceof Map) this.lists.push({ around: container, key });
      container = copy;
    }
    return container;
  }

  private copyOf(value: unknown, path: FieldPath): Container | undefined {
    if (typeof value === 'object' && value !== null && this.copies.has(value)) return value as Container;
    let copy: Container | undefined;
    if (isNamedList(path)) copy = value === undefined || Array.isArray(value) ? new Map(itemsOf(value ?? [], path)) : undefined;
    else copy = value === undefined || isMap(value) ? { ...value } : undefined;
    if (copy !== undefined) this.copies.add(copy);
    return copy;
  }
}

function get(container: Container, key: string): unknown {
  return container instanceof Map ? container.get(key) : own(container, key);
}

/** Defined, not assigned: to assign `__proto__` would give the map another prototype. */
function put(container: Container, key: string, value: unknown): void {
  if (container instanceof Map) container.set(key, value);
  else Object.defineProperty(container, key, { value, writable: true, enumerable: true, configurable: true });
}
