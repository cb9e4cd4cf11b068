// Schemas that are made once for all places that want the same. They never change, and each is some kilobytes.

/** The same function, which makes one schema for the same arguments. @param make its arguments must be texts and numbers */
export function shared<Given extends readonly (string | number | undefined)[], Schema>(
  make: (...given: Given) => Schema,
): (...given: Given) => Schema {
  const made = new Map<string, Schema>();
  return (...given) => {
    const key = given.join('\n');
    const known = made.get(key);
    if (known !== undefined) return known;
    const schema = make(...given);
    made.set(key, schema);
    return schema;
  };
}
