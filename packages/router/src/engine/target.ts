import type { UpstreamHeaders } from '@atp-router/adapters';
import type { ProviderDialect } from '@atp-router/dialects';
import type { ModelEntry } from '@atp-router/routing';
import type { ProviderRuntime } from './ports.ts';

/** A model at a provider, ready to be asked. Immutable, one per model and configuration generation. */
export interface Target {
  /** Stable key of limits, breakers and learners: it survives reloads. */
  readonly key: string;
  readonly model: ModelEntry;
  readonly provider: ProviderRuntime;
  readonly dialect: ProviderDialect;
  path(stream: boolean): string;
  /** Flat header list, the same for every call. */
  headers(stream: boolean): readonly string[];
  retryAfter(headers: UpstreamHeaders, now_ms: number): number | undefined;
  /** Operator's choice per field (`on_untranslatable`). */
  drop(field: string): boolean;
}
