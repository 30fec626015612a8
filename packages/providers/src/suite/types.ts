import type { HeaderReader, ProviderCapability, ProviderDescription } from '../types.ts';

export interface SuiteRequest {
  readonly method: 'GET' | 'POST';
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  /** Flat: name, value, name, value, … */
  readonly headers: readonly string[];
  readonly body?: string;
}

export interface SuiteAnswer {
  readonly status: number;
  readonly headers: HeaderReader;
  /** Pieces of the body as they come. Throws when the connection breaks. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** One exchange: over the network, from a script, or out of a simulation. Timeouts are its own business. */
export type SuiteTransport = (request: SuiteRequest) => Promise<SuiteAnswer>;

/** One provider to be checked, with a model of it. */
export interface SuiteTarget {
  readonly provider: ProviderDescription;
  readonly base_url: string;
  readonly api_key?: string;
  readonly extra_headers?: readonly string[];
  readonly model: string;
  /** Without it embeddings are not checked. */
  readonly embedding_model?: string;
  /** What the model can do; what its provider can when absent. */
  readonly capabilities?: readonly ProviderCapability[];
  /**
   * Output limit of the requests, 1,024 when absent. Models that think first need room for it, or they end before the
   * first word.
   */
  readonly max_output_tokens?: number;
  readonly transport: SuiteTransport;
  /** Wall clock, milliseconds since the Unix epoch: for `retry-after` dates. */
  readonly now_ms: number;
}

export interface SuiteCase {
  readonly name: string;
  /** What a passed case proves, in one sentence. */
  readonly proves: string;
  /** Why the case does not apply to a target; undefined when it does. */
  skip?(target: SuiteTarget): string | undefined;
  /** Throws when the provider does not behave. */
  run(target: SuiteTarget): Promise<void>;
}

export interface SuiteResult {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Why it failed or was skipped. */
  readonly reason?: string;
}
