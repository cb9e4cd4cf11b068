// A network of its own for a Sluice under test, in which packets can be lost. Its clients and well upstreams stay outside and use Unix
// sockets; an address of 10.99.0.0/24 is nowhere (packets to it vanish) unless `place` has put it on the loopback interface.
//
//   const network = await startNetwork();     startRig(config, { within: network.within })     await network.place('10.99.0.7')
//
// It takes Linux, `unshare`, `nsenter` and `ip`, and a kernel that lets us; where it does not, `hasNetworks` is false.

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { eventually } from '../flow/scaffold/eventually.ts';
import { open } from '../flow/scaffold/open.ts';

/** A cable to ourselves: what comes out of its other end has no receiver here, and is dropped. */
const SETUP = `
  set -e
  ip link set lo up
  ip link add nowhere arp off type veth peer name elsewhere
  ip addr add 10.99.0.1/24 dev nowhere
  ip link set nowhere up
  ip link set elsewhere up
`;

export const hasNetworks = spawnSync('unshare', ['-rn', 'sh', '-c', SETUP]).status === 0;

export class Network {
  /** Runs a command in it. */
  readonly within: readonly string[];
  readonly #holder: ChildProcess;
  readonly #children: ChildProcess[] = [];

  constructor(holder: ChildProcess) {
    this.#holder = holder;
    this.within = ['nsenter', '--preserve-credentials', '-U', '-n', '-t', String(holder.pid)];
  }

  /** The address exists from here on. */
  place(address: string): void {
    this.run(`ip addr add ${address}/32 dev lo`);
  }

  /** What is sent to the address and from it is lost from here on, without a word. */
  lose(address: string): void {
    this.run(`ip addr del ${address}/32 dev lo`);
  }

  run(script: string): void {
    const [program, ...parameters] = [...this.within, 'sh', '-ec', script];
    const { status, stderr } = spawnSync(program!, parameters, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${script}: ${stderr}`);
  }

  /** Starts a Node program in it; resolves when it has printed something. */
  async startNode(code: string, ...parameters: string[]): Promise<ChildProcess> {
    const [program, ...before] = [...this.within, process.execPath, '--input-type=commonjs', '-e', code, ...parameters];
    const child = spawn(program!, before, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#children.push(child);
    let printed = '';
    child.stdout.on('data', (text: Buffer) => (printed += String(text)));
    await eventually('the program to say that it is ready', () => printed !== '');
    return child;
  }

  async close(): Promise<void> {
    const all = [...this.#children, this.#holder];
    await Promise.all(all.map((child) => new Promise((resolve) => (child.once('exit', resolve), child.kill('SIGKILL')))));
  }
}

export async function startNetwork(): Promise<Network> {
  const holder = spawn('unshare', ['-rn', 'sh', '-c', `${SETUP}\necho ready\nexec sleep 600`], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  holder.stdout.on('data', (text: Buffer) => (printed += String(text)));
  const network = open(new Network(holder));
  await eventually('the network', () => printed !== '');
  return network;
}
