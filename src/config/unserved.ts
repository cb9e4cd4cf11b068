// What is said of keys of the grammar that this release does not serve.

export const LISTENER_TLS = 'TLS is not served by this release: remove tls, and end TLS in front of Sluice';
export const VERSION_TLS = 'TLS to upstreams is not served by this release: remove tls';
