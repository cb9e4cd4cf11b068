// What is said of keys of the grammar that this release does not serve.

export const VERSION_TLS = 'TLS to upstreams is not served by this release: remove tls';
