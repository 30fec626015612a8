import type { AttemptKind } from '@atp-router/call';
import type { EndpointTraits } from '@atp-router/dialects';
import type { HostedToolPrices, Operation, ProviderDescription } from '@atp-router/providers';
import type { ModelEntry } from '@atp-router/routing';
import type { ProviderRuntime } from './ports.ts';

/** A model at a provider, ready to be asked. Immutable, one per model and configuration generation. */
export interface Target {
  /** Stable key of limits, breakers and learners: it survives reloads. */
  readonly key: string;
  /** What its attempts are counted at, the narrowest first: model, what its agents suggest, deployment, provider. */
  readonly accounts: readonly string[];
  /** The same for attempts that are served as gold: what agents suggest does not bind them where the operator has it so. */
  readonly gold_accounts: readonly string[];
  readonly deployment_account: string;
  readonly provider_account: string;
  readonly model: ModelEntry;
  readonly provider: ProviderRuntime;
  readonly description: ProviderDescription;
  /** Path and query; empty when the provider has no such operation. */
  path(operation: Exclude<Operation, 'models'>, stream: boolean): string;
  /** Flat header list, the same for every call. */
  readonly headers: readonly string[];
  /** What tools cost that run at the provider; beside the price of the model, which the journal repeats in each intent. */
  readonly tool_prices: HostedToolPrices;
  /** What its server differs in from others of its shape. */
  readonly endpoint: EndpointTraits;
  /** The model's context, where the server has to be told it. */
  readonly context_tokens: number | undefined;
  /** Operator's choice per field (`on_untranslatable`). */
  drop(field: string): boolean;
}

/** An attempt as the call wants it, before it has funds, a place or a request. */
export interface WantedAttempt {
  readonly n: number;
  readonly turn: number;
  readonly kind: AttemptKind;
  readonly target: Target;
}
