import {
  type Config,
  type ProviderConfig,
  type SimTransportOptions,
  simTransport,
  systemClock,
  systemTimers,
  undiciTransport,
  type UpstreamTransport,
} from '@atp-router/adapters';

/** Idle sockets to providers are kept so long; below the usual 60 s of load balancers, which close theirs first. */
const KEEP_ALIVE_MS = 55_000;

/** Sets of sockets whose address or limits have changed since. */
const RETIRED_MAX = 16;

/** Sockets by provider. They outlive configuration generations as long as what shapes them is unchanged. */
export class Transports {
  readonly #open: Map<string, { readonly shape: string; readonly transport: UpstreamTransport }> = new Map();
  readonly #retired: UpstreamTransport[] = [];

  readonly #agents: (provider: ProviderConfig) => UpstreamTransport;

  /** `agents`: what carries the attempts of a provider whose agents dial in. */
  constructor(agents: (provider: ProviderConfig) => UpstreamTransport) {
    this.#agents = agents;
  }

  of(provider: ProviderConfig, config: Config): UpstreamTransport {
    const sim = simOf(provider, config);
    const shape = shapeOf(provider, sim);
    const known = this.#open.get(provider.id);
    if (known?.shape === shape) return known.transport;
    if (known !== undefined) this.#retire(known.transport);
    const transport = provider.type === 'agent' ? this.#agents(provider) : make(provider, sim);
    this.#open.set(provider.id, { shape, transport });
    return transport;
  }

  async close(): Promise<void> {
    const all = [...this.#retired, ...[...this.#open.values()].map((entry) => entry.transport)];
    this.#open.clear();
    this.#retired.length = 0;
    await Promise.all(all.map((transport) => transport.close()));
  }

  /** Calls of older generations still use their sockets; only after so many changes are the oldest cut off. */
  #retire(transport: UpstreamTransport): void {
    this.#retired.push(transport);
    if (this.#retired.length <= RETIRED_MAX) return;
    // Closing fails for nobody but the calls that are cut off, and they are told by their own exchange.
    void this.#retired.shift()?.close();
  }
}

type SimOptions = Pick<SimTransportOptions, 'seed' | 'params' | 'models'>;

/** A simulated endpoint lists and knows the models that the configuration asks it for, as a real one knows its own. */
function simOf({ id, sim, allow_any_model }: ProviderConfig, config: Config): SimOptions | undefined {
  if (sim === undefined) return undefined;
  const { seed } = sim;
  if (allow_any_model) return { seed, params: sim };
  const of_provider = config.models.filter((model) => model.provider === id);
  const models = [...new Set(of_provider.map((model) => model.upstream_model ?? model.id))].sort();
  return { seed, params: sim, models };
}

function shapeOf(provider: ProviderConfig, sim: SimOptions | undefined): string {
  const { base_url, connect_timeout_ms, max_connections, agent } = provider;
  return JSON.stringify([base_url, connect_timeout_ms, max_connections, sim, agent]);
}

function make(provider: ProviderConfig, sim: SimOptions | undefined): UpstreamTransport {
  if (sim !== undefined) return simTransport({ ...sim, clock: systemClock, timers: systemTimers });
  return undiciTransport({
    max_connections: provider.max_connections,
    connect_timeout_ms: provider.connect_timeout_ms,
    keep_alive_ms: KEEP_ALIVE_MS,
  });
}
