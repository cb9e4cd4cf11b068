// What both adapters need of HTTP: one call of the admin API, and an error with the status and text of the response.

export interface Sluice {
  /** Such as `http://127.0.0.1:9901`. */
  readonly admin: string;
  readonly token?: string;
}

export type SluiceCall = <Response>(method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body?: object) => Promise<Response>;

/** Rejects for any status that is no success, and when no response comes for 10 seconds. */
export function askSluice({ admin, token }: Sluice): SluiceCall {
  return async <Response>(method: string, path: string, body?: object): Promise<Response> => {
    const response = await fetch(admin + path, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
    if (response.ok) return (await response.json()) as Response;
    throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  };
}
