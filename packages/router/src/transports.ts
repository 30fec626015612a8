import {
  type ProviderConfig,
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

  of(provider: ProviderConfig): UpstreamTransport {
    const shape = shapeOf(provider);
    const known = this.#open.get(provider.id);
    if (known?.shape === shape) return known.transport;
    if (known !== undefined) this.#retire(known.transport);
    const transport = make(provider);
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

function shapeOf(provider: ProviderConfig): string {
  const { base_url, connect_timeout_ms, max_connections, sim } = provider;
  return JSON.stringify([base_url, connect_timeout_ms, max_connections, sim]);
}

function make(provider: ProviderConfig): UpstreamTransport {
  const { sim } = provider;
  if (sim !== undefined) {
    return simTransport({ seed: sim.seed, params: sim, clock: systemClock, timers: systemTimers });
  }
  return undiciTransport({
    max_connections: provider.max_connections,
    connect_timeout_ms: provider.connect_timeout_ms,
    keep_alive_ms: KEEP_ALIVE_MS,
  });
}
