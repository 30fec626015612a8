import { Readable } from 'node:stream';
import { AtpError, type Timers } from '@atp-router/kernel';
import {
  providerOf,
  runProviderSuite,
  type SuiteRequest,
  type SuiteResult,
  type SuiteTransport,
} from '@atp-router/providers';
import { systemClock } from '../clock.ts';
import type { Capability, ProviderConfig } from '../config/types.ts';
import { simTransport } from '../sim/sim-transport.ts';
import { undiciTransport } from './undici-transport.ts';
import type { TransportFailure, UpstreamTransport } from './upstream.ts';

/** The models of a provider that the suite asks, by their names there. */
export interface SuiteModels {
  readonly model: string;
  /** What the model can do: decides which cases apply. */
  readonly capabilities: readonly Capability[];
  /** Absent: embeddings are not checked. */
  readonly embedding_model?: string;
}

/**
 * Runs the suite that every provider has to pass against the live endpoint, one request at a time: about twenty short
 * answers, which the provider bills.
 */
export async function runLiveSuite(provider: ProviderConfig, models: SuiteModels): Promise<readonly SuiteResult[]> {
  const names = [models.model, ...(models.embedding_model === undefined ? [] : [models.embedding_model])];
  const transport = checkTransport(provider, names);
  const description = providerOf(provider.type, provider.api);
  try {
    return await runProviderSuite({
      provider: description,
      base_url: provider.base_url ?? description.default_base_url,
      extra_headers: Object.entries(provider.headers).flat(),
      ...models,
      transport: suiteTransport(transport, provider.head_timeout_ms),
      now_ms: systemClock.now_ms(),
      ...(provider.api_key === undefined ? {} : { api_key: provider.api_key }),
    });
  } finally {
    await transport.close();
  }
}

/** Idle sockets of a check are not worth keeping. */
const KEEP_ALIVE_MS = 1_000;

/** Unlike the router's own these keep the process alive: in a check nothing else does. */
const TIMERS: Timers = {
  after(delay_ms, run) {
    const handle = setTimeout(run, delay_ms);
    return { cancel: () => clearTimeout(handle) };
  },
};

/**
 * The transport that calls of a provider would use, for a check outside of a router. The caller closes it. `models` is
 * what a simulated provider lists.
 */
export function checkTransport(provider: ProviderConfig, models: readonly string[]): UpstreamTransport {
  const { sim, connect_timeout_ms } = provider;
  if (sim !== undefined) {
    return simTransport({ seed: sim.seed, params: sim, models, clock: systemClock, timers: TIMERS });
  }
  return undiciTransport({ max_connections: 1, connect_timeout_ms, keep_alive_ms: KEEP_ALIVE_MS });
}

/** A transport as the suite wants it, back-pressure included. */
function suiteTransport(transport: UpstreamTransport, timeout_ms: number): SuiteTransport {
  return (request: SuiteRequest) =>
    new Promise((resolve, reject) => {
      const chunks = new Readable({ read: () => exchange.resume() });
      const exchange = transport.send(
        { ...request, head_timeout_ms: timeout_ms, idle_timeout_ms: timeout_ms },
        {
          onHead: (status, headers) => resolve({ status, headers, chunks }),
          onData: (chunk) => {
            if (!chunks.push(chunk)) exchange.pause();
          },
          onEnd: () => void chunks.push(null),
          onFail: (failure) => {
            const error = failureError(failure, request.origin, timeout_ms);
            reject(error);
            chunks.destroy(error);
          },
        },
      );
      // Whoever stops reading in the middle has no use for the rest.
      chunks.once('close', () => exchange.cancel());
      // An error that nobody reads any more must not end the process.
      chunks.on('error', () => undefined);
    });
}

function failureError({ kind, cause }: TransportFailure, origin: string, timeout_ms: number): AtpError {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  const words: Readonly<Record<TransportFailure['kind'], string>> = {
    connect: `cannot be connected to${code === undefined ? '' : ` (${code})`}`,
    reset: 'closed the connection without an answer',
    head_timeout: `did not answer within ${timeout_ms} ms`,
    idle_timeout: `fell silent for ${timeout_ms} ms`,
    truncated: 'closed the connection in the middle of the answer',
    too_large: 'sent too much',
    cancelled: 'was not waited for',
  };
  return new AtpError('upstream_error', `${origin} ${words[kind]}.`, { origin: 'remote', cause });
}
