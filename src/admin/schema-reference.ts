// How the OpenAPI document names a schema of the contract. A file of its own, so that routes are described without loading the schemas.

export function referenceTo(name: string): string {
  return `#/components/schemas/${name}`;
}
