// All that one version has to discover: names and services of its own entries, its endpoint file, and names in that file.
// While a config is being put in force the sources of the old and the new one live side by side.

import type { DnsConfig, EndpointConfig, VersionConfig } from '../../config/model.ts';
import type { DiscoverySample } from '../../telemetry/samples.ts';
import type { Resolution, Lookups } from './resolution.ts';
import { EndpointFile } from './endpoint-file.ts';
import type { EndpointFileDeps } from './endpoint-file.ts';
import { expand, sourceOf } from './expand.ts';
import type { Source } from './expand.ts';
import { firstResolutions } from './first-resolutions.ts';
import { NameSource } from './name-source.ts';
import type { NameSourceDeps } from './name-source.ts';
import type { DiscoveryFault, SourceName } from './source-name.ts';

export interface VersionSourcesDeps extends NameSourceDeps, Pick<EndpointFileDeps, 'watch' | 'load'> {
  readonly lookups: Lookups;
}

interface Known {
  readonly names: ReadonlyMap<string, NameSource>;
  readonly files: ReadonlyMap<string, EndpointFile>;
}

export class VersionSources {
  readonly #of: Omit<SourceName, 'source'>;
  readonly #dns: DnsConfig;
  readonly #deps: VersionSourcesDeps;
  readonly #names = new Map<string, NameSource>();
  readonly #files = new Map<string, EndpointFile>();
  /** In force, or about to be. */
  #configs: readonly VersionConfig[] = [];
  /** What the one before it knows, until this one is in force. */
  #known: Known | undefined;

  /** @param before the same version, resolved in another way: what it knows is taken over */
  constructor(of: Omit<SourceName, 'source'>, dns: DnsConfig, deps: VersionSourcesDeps, before: VersionSources | undefined) {
    this.#of = of;
    this.#dns = dns;
    this.#deps = deps;
    this.#known = before === undefined ? undefined : { names: before.#names, files: before.#files };
  }

  /** Begins what the config calls for and is not there yet; returns the first responses of that. */
  begin(config: VersionConfig): readonly Promise<void>[] {
    this.#configs = [...this.#configs, config];
    const begun = this.#beginNames(config.endpoints);
    const path = config.endpointsFile;
    return path === undefined || this.#files.has(path) ? begun : [...begun, this.#beginFile(path).first];
  }

  /** The config is the one in force: ends what it does not call for. */
  settle(config: VersionConfig): void {
    this.#configs = [config];
    this.#known = undefined;
    for (const [path, file] of this.#files) {
      if (path === config.endpointsFile) continue;
      void file.stop();
      this.#files.delete(path);
    }
    this.#prune();
  }

  /** Endpoints of the config as far as they are known. */
  expand(config: VersionConfig): readonly EndpointConfig[] {
    const listed = this.#files.get(config.endpointsFile ?? '')?.entries ?? [];
    return expand([...config.endpoints, ...listed], ({ text }) => this.#names.get(text)?.found ?? []);
  }

  *samples(): Iterable<DiscoverySample> {
    for (const { name, failures, found, ageMs } of this.#names.values()) yield { name, failures, addresses: found.length, ageMs };
    for (const { name, failures, entries, ageMs } of this.#files.values()) yield { name, failures, addresses: entries.length, ageMs };
  }

  /** What fails of it now. */
  *faults(): Iterable<DiscoveryFault> {
    for (const { name, fault, found } of this.#names.values())
      if (fault !== undefined) yield { kind: 'name', ...name, ...fault, kept: found.length };
    for (const { name, fault, entries } of this.#files.values())
      if (fault !== undefined) yield { kind: 'file', ...name, ...fault, kept: entries.length };
  }

  /** Nothing changes any more. */
  async stop(): Promise<void> {
    for (const name of this.#names.values()) name.stop();
    await Promise.all([...this.#files.values()].map((file) => file.stop()));
  }

  #beginNames(entries: readonly EndpointConfig[]): Promise<void>[] {
    const begun: Promise<void>[] = [];
    for (const { address } of entries) {
      const source = sourceOf(address);
      if (source !== undefined && !this.#names.has(source.text)) begun.push(this.#beginName(source).first);
    }
    return begun;
  }

  #beginName(source: Source): NameSource {
    const { lookups } = this.#deps;
    const ask = (): Promise<Resolution> => (source.kind === 'name' ? lookups.name(source.name) : lookups.service(source.name));
    const options = { name: { ...this.#of, source: source.text }, ask, refreshMs: this.#dns.refreshMs };
    const begun = new NameSource(options, this.#deps, this.#known?.names.get(source.text));
    this.#names.set(source.text, begun);
    return begun;
  }

  #beginFile(path: string): EndpointFile {
    const { watch, load, clock, log, onChange } = this.#deps;
    const deps: EndpointFileDeps = {
      watch,
      load,
      clock,
      log,
      // Names that come with the file are resolved before those that leave with it go.
      prepare: (entries) => firstResolutions(this.#beginNames(entries), clock),
      onChange: () => {
        this.#prune();
        onChange();
      },
    };
    const begun = new EndpointFile({ ...this.#of, source: path }, deps, this.#known?.files.get(path));
    void this.#beginNames(begun.entries);
    this.#files.set(path, begun);
    return begun;
  }

  /** Ends names that nobody calls for. */
  #prune(): void {
    const files = [...this.#files.values()];
    const entries = [...this.#configs.flatMap(({ endpoints }) => endpoints), ...files.flatMap((file) => [...file.entries, ...file.coming])];
    const wanted = new Set(entries.map(({ address }) => sourceOf(address)?.text));
    for (const [text, name] of this.#names) {
      if (wanted.has(text)) continue;
      name.stop();
      this.#names.delete(text);
    }
  }
}
