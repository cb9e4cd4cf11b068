// Caddy on one core, without its admin endpoint, TLS and logs.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled, startChild } from '../machine/children.ts';
import { freePort } from '../machine/ports.ts';
import type { Rival } from './rival.ts';

export const caddy: Rival = {
  name: 'caddy',
  install: 'apt-get install caddy',
  available: () => isInstalled('caddy'),
  start: async (upstreamPort, dir) => {
    const port = await freePort();
    const file = join(dir, 'Caddyfile');
    writeFileSync(file, configuration(port, upstreamPort));
    const env = { GOMAXPROCS: '1', XDG_CONFIG_HOME: dir, XDG_DATA_HOME: dir };
    const child = startChild({ role: 'proxy', file: 'caddy', args: ['run', '--config', file, '--adapter', 'caddyfile'], env });
    return { port, pids: [child.pid], child };
  },
};

function configuration(port: number, upstreamPort: number): string {
  return `
{
	admin off
	auto_https off
	log {
		level ERROR
	}
}
http://:${port} {
	bind 127.0.0.1
	reverse_proxy 127.0.0.1:${upstreamPort} {
		transport http {
			keepalive 600s
			keepalive_idle_conns 256
			keepalive_idle_conns_per_host 256
			compression off
		}
	}
}
`;
}
