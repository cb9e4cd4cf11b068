// Parts of names whose values open doors. Each place that hides values adds what is secret there; when in doubt it hides.

/** Parts of a name, in lower case. */
export const SECRET_PARTS: readonly string[] = ['cookie', 'credential', 'passw', 'secret', 'session', 'signature', 'token'];
