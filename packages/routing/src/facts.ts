import type { Price, Qos } from '@atp-router/kernel';
import type { Rights, TaskFacts } from './policy/task-facts.ts';
import type { Capability, ModelEntry, SafetyGrade } from './registry.ts';

/** What routing has to know of a tenant. */
export interface TenantFacts {
  readonly id: string;
  /** The kinds of data that the tenant may send. Absent: any, if the request says which. */
  readonly data_scopes?: ReadonlySet<string> | undefined;
  /** Ids of the models that the tenant may use. Absent: all. */
  readonly models?: ReadonlySet<string> | undefined;
  readonly min_safety_grade?: SafetyGrade | undefined;
}

/** What routing has to know of a request. */
export interface RequestFacts {
  readonly tenant: TenantFacts;
  readonly qos: Qos;
  readonly needs: readonly Capability[];
  /** Estimated prompt tokens. */
  readonly in_tokens: number;
  /** Expected output tokens, for cost. */
  readonly out_tokens: number;
  /** The most that the request allows, for the upper end of the cost; absent means the model's own maximum. */
  readonly max_out_tokens?: number | undefined;
  readonly task_type?: string | undefined;
  /** The labels of `x-atp-data-scope`; empty when the request carries none. */
  readonly data_scopes: readonly string[];
  /** What the request says of its task. Absent: nothing. */
  readonly task?: TaskFacts | undefined;
  /** Of the caller, as the operator says, narrowed by the request. Absent: none. */
  readonly rights?: Rights | undefined;
  /** Why only models on this machine or in its private network may see it, as a clause. Absent: any model may. */
  readonly local_only?: string | undefined;
  /** The id of the shadow that is asked beside somebody else, for nobody: no other model, and no policy. Absent: a client asks. */
  readonly shadow?: string | undefined;
  /** The model that is named is asked, and no other under any policy: the router asks for itself. Absent: a client asks. */
  readonly is_alone?: true | undefined;
}

/** The present state of the targets, as the breakers, readiness windows and kill switches see it. */
export interface Health {
  /** False while the circuit is open. Does not take a probe. */
  admits(model: ModelEntry, now_ms: number): boolean;
  /** False when latency or errors are bad: such a target is tried last. */
  ready(model: ModelEntry, now_ms: number): boolean;
  /** When a target that is not admitted will be tried again. */
  retryAfter_ms(model: ModelEntry, now_ms: number): number | undefined;
}

export interface Kills {
  model(id: string): boolean;
  provider(id: string): boolean;
}

/** What was measured of a model; undefined where nothing was. Shares are in [0, 1]. */
export interface Observed {
  successRate(model: ModelEntry, now_ms: number): number | undefined;
  p95_ms(model: ModelEntry, now_ms: number): number | undefined;
  /** Mean absolute percentage error of the token estimates, as a factor (0.1 is 10 %). */
  mape(model: ModelEntry, now_ms: number): number | undefined;
  /** Share of calls that used more than 1.2 × their estimate. */
  underRate(model: ModelEntry, now_ms: number): number | undefined;
  /** What an answer of the expected length is expected to emit. Absent: of none it is known. */
  co2e_mg?(model: ModelEntry, facts: Pick<RequestFacts, 'in_tokens' | 'out_tokens'>): number | undefined;
}

/** A model that no configuration declares, and that `auto` may choose all the same while it is there. */
export interface Offered {
  /** `<provider>/<upstream model>`. */
  readonly name: string;
  /** Nobody has named it: it is given only what it says that it can do. */
  readonly capabilities: ReadonlySet<Capability>;
  readonly price?: Price | undefined;
}
