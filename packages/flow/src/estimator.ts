import { costUsdNanos, nanosToMicros, type Price, type Qos, type Usage, ZERO_USAGE } from '@atp-router/kernel';
import { type AccuracySummary, AccuracyWindow } from './accuracy.ts';
import { ByteModel, type PromptSize } from './byte-model.ts';
import { type Estimate, type ToolCost, type ToolTokens, withGuard } from './estimate.ts';
import { LengthModel } from './length-model.ts';

/** Models with a state of their own, about 4 KB each once used; names beyond that share one state. */
export const DEFAULT_MAX_MODELS = 2_000;

/** Half of full confidence at this many observations. */
const CONFIDENCE_SAMPLES = 20;

export interface EstimateRequest {
  /** Stable id of the model. */
  readonly model: string;
  readonly size: PromptSize;
  /** The most output tokens that the request allows. */
  readonly max_out_tokens?: number | undefined;
  readonly price?: Price | undefined;
  readonly tool_costs?: readonly ToolCost[] | undefined;
  readonly tool_tokens?: readonly ToolTokens[] | undefined;
}

/** One finished attempt as the provider reported it. */
export interface Observation {
  readonly model: string;
  readonly size: PromptSize;
  /** What was estimated before the send. */
  readonly in_tokens: number;
  readonly out_tokens: number;
  readonly usage: Usage;
  /** The answer ended by itself, not by a limit, a cancel or a fault. */
  readonly complete: boolean;
}

export interface ModelAccuracy {
  /** Of the prompt estimate alone: what the byte model is responsible for. */
  readonly input: AccuracySummary | undefined;
  /** Of input and output together. */
  readonly total: AccuracySummary | undefined;
}

class ModelState {
  readonly bytes: ByteModel = new ByteModel();
  readonly length: LengthModel = new LengthModel();
  readonly input: AccuracyWindow = new AccuracyWindow();
  readonly total: AccuracyWindow = new AccuracyWindow();
}

/** Learns per model how many tokens a prompt has and how long an answer gets, and how far both were off. */
export class Estimator {
  readonly #models: Map<string, ModelState> = new Map();
  readonly #overflow: ModelState = new ModelState();
  readonly #max_models: number;

  constructor(max_models: number = DEFAULT_MAX_MODELS) {
    this.#max_models = max_models;
  }

  /** The estimate of the prompt alone: the cheap part that every request needs. */
  inTokens(model: string, size: PromptSize): number {
    return this.#state(model).bytes.tokens(size);
  }

  /** The mean length of an answer, at most `max_out_tokens`. */
  outTokens(model: string, max_out_tokens: number = Number.POSITIVE_INFINITY): number {
    return Math.ceil(Math.min(this.#state(model).length.mean_tokens, max_out_tokens));
  }

  /** What to reserve for an answer: the mean with the tier's guard band, at most `max_out_tokens`. */
  guardedOutTokens(model: string, qos: Qos, max_out_tokens: number = Number.POSITIVE_INFINITY): number {
    const { length } = this.#state(model);
    return Math.ceil(Math.min(withGuard(length.mean_tokens, length.variance, qos), max_out_tokens));
  }

  estimate(request: EstimateRequest): Estimate {
    const { bytes, length } = this.#state(request.model);
    const max_out = request.max_out_tokens ?? Number.POSITIVE_INFINITY;
    const price = request.price;
    const tool_cost_breakdown = request.tool_costs ?? [];
    const tool_token_estimates = request.tool_tokens ?? [];
    const in_tokens = bytes.tokens(request.size) + tool_token_estimates.reduce((sum, tool) => sum + tool.tokens, 0);
    const out_tokens = Math.ceil(Math.min(length.mean_tokens, max_out));
    const tools_usd_micros = tool_cost_breakdown.reduce((sum, tool) => sum + tool.usd_micros, 0);
    const in_variance = bytes.relative_variance * in_tokens * in_tokens;
    // An answer that may not be longer than `max_out` cannot vary by more than that either.
    const out_variance = Math.min(length.variance, max_out * max_out);
    const p95_out = length.p95_tokens();
    const usd = (out: number): number =>
      price === undefined ? 0 : nanosToMicros(costUsdNanos({ ...ZERO_USAGE, in_tokens, out_tokens: out }, price));
    const capped_p95 = p95_out === undefined ? undefined : Math.ceil(Math.min(p95_out, max_out));
    return {
      in_tokens,
      out_tokens,
      usd_micros: usd(out_tokens) + tools_usd_micros,
      ...(capped_p95 === undefined ? {} : { p95_tokens: in_tokens + capped_p95 }),
      ...(capped_p95 === undefined || price === undefined ? {} : { p95_usd: usd(capped_p95) + tools_usd_micros }),
      variance: { tokens: in_variance + out_variance, usd: usdVariance(price, in_variance, out_variance) },
      confidence: bytes.samples / (bytes.samples + CONFIDENCE_SAMPLES),
      tool_cost_breakdown,
      tool_token_estimates,
      assumptions: assumptions(bytes.samples, length.samples, request),
    };
  }

  /** Learns from usage that a provider reported. Counted usage would only teach the model its own guess. */
  observe(seen: Observation, now_ms: number): void {
    const state = this.#learner(seen.model);
    state.input.record(seen.in_tokens, seen.usage.in_tokens, now_ms);
    state.bytes.observe(seen.size, seen.usage.in_tokens);
    if (!seen.complete) return;
    state.total.record(seen.in_tokens + seen.out_tokens, seen.usage.in_tokens + seen.usage.out_tokens, now_ms);
    state.length.observe(seen.usage.out_tokens);
  }

  /** Costs a pass over the window: for metrics and scores at intervals, not for each request. */
  accuracy(model: string, now_ms: number): ModelAccuracy {
    const state = this.#models.get(model);
    return { input: state?.input.summary(now_ms), total: state?.total.summary(now_ms) };
  }

  models(): IterableIterator<string> {
    return this.#models.keys();
  }

  /** A name that nothing is known of reads the shared state: pristine until the table is full. */
  #state(model: string): ModelState {
    return this.#models.get(model) ?? this.#overflow;
  }

  /** Only an answer makes a state, so names that clients make up take no room. */
  #learner(model: string): ModelState {
    const known = this.#models.get(model);
    if (known !== undefined) return known;
    if (this.#models.size >= this.#max_models) return this.#overflow;
    const made = new ModelState();
    this.#models.set(model, made);
    return made;
  }
}

function usdVariance(price: Price | undefined, in_variance: number, out_variance: number): number {
  if (price === undefined) return 0;
  const usd_micros_per_in = price.in_usd_micros_per_mtok / 1_000_000;
  const usd_micros_per_out = price.out_usd_micros_per_mtok / 1_000_000;
  return usd_micros_per_in ** 2 * in_variance + usd_micros_per_out ** 2 * out_variance;
}

function assumptions(prompts: number, answers: number, request: EstimateRequest): string[] {
  const list: string[] = [];
  if (prompts === 0) list.push('4 bytes per token: no usage of this model was reported yet');
  if (answers === 0) list.push('answer length is a default: no answer of this model was seen yet');
  if (request.size.images > 0) list.push('1200 tokens per image');
  if (request.price === undefined) list.push('the model has no price: cost is taken as 0');
  return list;
}
