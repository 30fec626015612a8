import type { HostedTool } from '@atp-router/dialects';
import type { PromptSize } from '@atp-router/flow';
import type { Qos } from '@atp-router/kernel';
import type { Quality } from '../auto/quality.ts';
import type { LaneFacet } from '../fanout/types.ts';
import type { TaskFacts } from '@atp-router/routing';
import type { AttemptCodec } from '../relay/types.ts';
import type { ClientSink } from './client.ts';
import type { AdmittedCall } from './env.ts';
import type { WantedAttempt } from './target.ts';

/** A request as a driver (HTTP today) hands it over: authenticated, parsed as far as routing needs. */
export interface CallRequest {
  readonly call_id: string;
  readonly endpoint: string;
  readonly tenant: string;
  readonly key_id: string;
  /** The session of ATP that it came with, unique within its tenant; undefined for HTTP. */
  readonly session_id?: string | undefined;
  /** Which of a provider's endpoints is asked. */
  readonly kind: 'generate' | 'embed';
  readonly model: string;
  readonly stream: boolean;
  readonly needs: readonly string[];
  readonly prompt: PromptSize;
  readonly choices: number;
  /** Tools that run at the provider, as the body declares them; undefined for most. */
  readonly hosted_tools: readonly HostedTool[] | undefined;
  readonly max_output_tokens: number | undefined;
  readonly options: CallOptions;
  /** The shadow model that the router itself asks, and nobody else. Absent: somebody asks. */
  readonly shadow?: string | undefined;
  /** The router asks for itself the model that it names, and nobody else whatever policy matches. Absent: somebody asks. */
  readonly is_alone?: true;
  readonly sink: ClientSink;
  readonly started_ms: number;
  /** Arrival of the request's head; its deadline counts from here. */
  readonly started_mono_ms: number;
  /** When the decision began, moved on by the time that reading and parsing the body took. */
  readonly deciding_since_mono_ms: number;
  /** Hex SHA-256 of the body as sent; asked for only with an idempotency key. */
  bodyHash(): string;
  /** The text of the prompt, for exact counting. Builds the internal model: not for the hot path. */
  promptTexts(): readonly string[];
  /** What a policy that asks several agents needs of it; undefined where it cannot be asked of several. */
  readonly facet?: LaneFacet | undefined;
  /** Makes the codec of one attempt. Throws `AtpError`. */
  prepare(call: AdmittedCall, attempt: WantedAttempt, output_cap: number | undefined): AttemptCodec;
}

export type ComparableRequest = CallRequest & { readonly facet: LaneFacet };

/** What calls tools, or has them called at the provider, cannot be compared by its words, and may do things twice. */
export function canCompare(request: CallRequest): request is ComparableRequest {
  const { kind, facet, needs, hosted_tools } = request;
  return kind === 'generate' && facet !== undefined && !needs.includes('tools') && hosted_tools === undefined;
}

/** Milliseconds that a request has left, 0 or less when its deadline has passed; undefined when it has none. */
export function left_ms({ options, started_mono_ms }: CallRequest, now_mono_ms: number): number | undefined {
  return options.deadline_ms === undefined ? undefined : started_mono_ms + options.deadline_ms - now_mono_ms;
}

/** What the `x-atp-*` headers, or the frame of a task, say. */
export interface CallOptions {
  readonly qos?: Qos | undefined;
  readonly task_type?: string | undefined;
  /** How good an answer is wanted, where `auto` chooses. Absent: as the configuration says. */
  readonly quality?: Quality | undefined;
  readonly data_scopes: readonly string[];
  /** What is said of the task, for policies to match. */
  readonly facts?: TaskFacts | undefined;
  readonly max_usd_nanos?: number | undefined;
  /** Tokens of all attempts together, prompt and answer. */
  readonly max_tokens?: number | undefined;
  readonly deadline_ms?: number | undefined;
  /** Whether it may be answered with what was said before (`no_cache`: no), and its answer kept (`no_store`: neither). Absent: both. */
  readonly cache?: 'no_cache' | 'no_store' | undefined;
  readonly idempotency_key?: string | undefined;
  readonly trace?:
    | { readonly trace_id: string; readonly parent_span_id: string; readonly trace_sampled: boolean }
    | undefined;
  /** Nodes that the request has passed on its way here, first to last; this one is not among them. */
  readonly via?: readonly string[] | undefined;
}
