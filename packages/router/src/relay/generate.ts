import type { StageAttempt, StageChain, StageChainRun, StageSummary } from '@atp-router/call';
import {
  type AtpField,
  type Dialect,
  type EndpointTraits,
  encodePlan,
  eventsOf,
  foldEvents,
  type GenEvent,
  type GenRequest,
  type GenResponse,
  type IngressDialect,
  parseToRewrite,
  type ProviderDialect,
  type RequestProbe,
  type RoutePlan,
} from '@atp-router/dialects';
import { AtpError, isJsonObject, type JsonObject, plausibleUsage } from '@atp-router/kernel';
import { countedUsage } from './counted-usage.ts';
import { withExactNumbers } from './exact-numbers.ts';
import { isFailed, NOT_ANSWERED } from './failed-answer.ts';
import { RawStream } from './raw-stream.ts';
import { TokenCounter } from './token-counter.ts';
import { TranslatedStream } from './translated-stream.ts';
import type { AttemptCodec, Bytes, StreamRelay, WholeAnswer } from './types.ts';

/** What stays the same for all attempts of one call. */
export interface GenerateCall {
  readonly call_id: string;
  readonly ingress: IngressDialect;
  readonly body: JsonObject;
  /** The body with numbers as the client wrote them, where a double would not hold them. */
  readonly exact: (() => JsonObject) | undefined;
  readonly probe: RequestProbe;
  readonly created_s: number;
  readonly frame_bytes: number;
  readonly stages: StageChain<GenRequest, GenEvent> | undefined;
  /** The request as stages left it; set when one of them replaced it. */
  readonly replaced: GenRequest | undefined;
  readonly plan: RoutePlan | undefined;
  /** The budget may end a stream as if it had reached its output limit. */
  readonly may_finish_early: boolean;
  /** The client's `anthropic-beta`. */
  readonly betas: string | undefined;
}

export interface GenerateTarget {
  readonly attempt: StageAttempt;
  readonly dialect: ProviderDialect;
  /** Same object as the ingress dialect when raw pass-through is possible. */
  readonly upstream_model: string;
  /** Name shown to the client. */
  readonly model: string;
  readonly system_prompt: string | undefined;
  /** Cap on output tokens that the budget allows; undefined when it does not bind. */
  readonly output_cap: number | undefined;
  readonly default_max_output_tokens: number;
  readonly drop: (field: string) => boolean;
  readonly endpoint: EndpointTraits;
  /** The model's context, where the server has to be told it. */
  readonly context_tokens: number | undefined;
}

/** Prepares one attempt: raw pass-through when both sides speak the same shape and nobody claims the body. */
export function generateCodec(call: GenerateCall, target: GenerateTarget): AttemptCodec {
  const raw =
    call.replaced === undefined && call.stages?.rewritesBody !== true
      ? sameShape(call.ingress, target.dialect)
      : undefined;
  return raw === undefined ? new TranslatedCodec(call, target) : new RawCodec(call, target, raw);
}

function sameShape(ingress: IngressDialect, upstream: ProviderDialect): Dialect | undefined {
  return ingress.id === upstream.id && 'passThrough' in upstream ? (upstream as Dialect) : undefined;
}

class RawCodec implements AttemptCodec {
  readonly headers: readonly string[];
  readonly body: string;
  readonly ignored: readonly string[];
  readonly #call: GenerateCall;
  readonly #dialect: Dialect;
  readonly #attempt: StageAttempt;
  #run: StageChainRun<GenEvent> | undefined;

  constructor(call: GenerateCall, target: GenerateTarget, dialect: Dialect) {
    this.#call = call;
    this.#dialect = dialect;
    this.#attempt = target.attempt;
    const patched = dialect.passThrough.patchRequest(call.body, {
      model: target.upstream_model,
      include_usage: call.probe.stream,
      endpoint: target.endpoint,
      ...(target.output_cap === undefined ? {} : { max_output_tokens: target.output_cap }),
      ...(target.system_prompt === undefined ? {} : { system_prompt: target.system_prompt }),
    });
    this.ignored = joined(call.probe.ignored ?? NOTHING, patched.ignored);
    this.headers = betaHeaders(call, dialect);
    const { body, exact } = call;
    this.body = JSON.stringify(exact === undefined ? patched.body : withExactNumbers(patched.body, body, exact()));
  }

  whole(bytes: Uint8Array): WholeAnswer {
    const response = this.#dialect.decodeResponse(parseAnswer(bytes));
    const run = openRun(this.#call, this.#attempt);
    this.#run = run;
    if (run !== undefined) for (const event of eventsOf(response)) run.onChunk(event);
    return {
      ...failure(response),
      usage: response.usage,
      hosted_uses: response.hosted_uses,
      counted_out_tokens: countTokens(response),
      render: (_atp, end) => {
        run?.onEnd(end);
        if (plausibleUsage(response.usage) !== undefined) return bytes;
        const body = parseToRewrite(decoder.decode(bytes));
        return JSON.stringify(this.#dialect.passThrough.tellUsage(body, countedUsage(end)));
      },
    };
  }

  stream(): StreamRelay {
    this.#run = openRun(this.#call, this.#attempt);
    return new RawStream({
      dialect: this.#dialect,
      frame_bytes: this.#call.frame_bytes,
      n: this.#call.probe.n,
      include_usage: this.#call.probe.include_usage,
      observers: this.#run,
      may_finish_early: this.#call.may_finish_early,
    });
  }

  error(status: number, body: string): ReturnType<AttemptCodec['error']> {
    return this.#dialect.decodeError(status, body);
  }

  ended(end: StageSummary): void {
    this.#run?.onEnd(end);
  }
}

class TranslatedCodec implements AttemptCodec {
  readonly preamble?: string;
  readonly headers: readonly string[];
  readonly body: string;
  readonly ignored: readonly string[];
  readonly #call: GenerateCall;
  readonly #target: GenerateTarget;
  #run: StageChainRun<GenEvent> | undefined;

  constructor(call: GenerateCall, target: GenerateTarget) {
    this.#call = call;
    this.#target = target;
    const decoded = call.replaced ?? call.ingress.decodeRequest(call.body);
    const request = withSystem(decoded, target.system_prompt);
    const encoded = target.dialect.encodeRequest(request, {
      upstream_model: target.upstream_model,
      stream: call.probe.stream,
      default_max_output_tokens: target.default_max_output_tokens,
      drop: target.drop,
      endpoint: target.endpoint,
      ...(target.context_tokens === undefined ? {} : { context_tokens: target.context_tokens }),
      ...(target.output_cap === undefined ? {} : { max_output_tokens: target.output_cap }),
    });
    this.body = JSON.stringify(encoded.body);
    this.headers = betaHeaders(call, target.dialect);
    const told = call.betas === undefined || this.headers.length > 0 ? NOTHING : [BETAS];
    this.ignored = joined(joined(call.probe.ignored ?? NOTHING, encoded.ignored), told);
    if (call.plan !== undefined) this.preamble = encodePlan(call.plan);
  }

  whole(bytes: Uint8Array): WholeAnswer {
    const response = this.#target.dialect.decodeResponse(parseAnswer(bytes));
    this.#run = openRun(this.#call, this.#target.attempt);
    return {
      ...failure(response),
      usage: response.usage,
      hosted_uses: response.hosted_uses,
      counted_out_tokens: countTokens(response),
      render: (atp, end, ended_s) => this.#render(response, atp, end, ended_s),
    };
  }

  stream(): StreamRelay {
    const call = this.#call;
    this.#run = openRun(call, this.#target.attempt);
    return new TranslatedStream({
      upstream: this.#target.dialect,
      encoder: call.ingress.streamEncoder({
        id: call.call_id,
        model: this.#target.model,
        created_s: call.created_s,
        include_usage: call.probe.include_usage,
        request: call.body,
        ...(call.plan === undefined ? {} : { plan: call.plan }),
      }),
      frame_bytes: call.frame_bytes,
      n: call.probe.n,
      stages: this.#run,
    });
  }

  error(status: number, body: string): ReturnType<AttemptCodec['error']> {
    return this.#target.dialect.decodeError(status, body);
  }

  ended(end: StageSummary): void {
    this.#run?.onEnd(end);
  }

  #render(response: GenResponse, atp: AtpField, end: StageSummary, ended_s: number): Bytes {
    const call = this.#call;
    const staged = this.#run === undefined ? response : throughStages(response, this.#run, end);
    return JSON.stringify(
      call.ingress.encodeResponse(
        {
          ...staged,
          usage: plausibleUsage(staged.usage) ?? countedUsage(end),
          created_s: staged.created_s || call.created_s,
        },
        {
          id: call.call_id,
          model: this.#target.model,
          request: call.body,
          atp,
          ended_s,
          ...(call.plan === undefined ? {} : { plan: call.plan }),
        },
      ),
    );
  }
}

const BETAS = 'anthropic-beta';

/** Betas are switched on for the provider that has them: what they change in a body, only that provider understands. */
function betaHeaders(call: GenerateCall, upstream: ProviderDialect): readonly string[] {
  return call.betas !== undefined && upstream.id === call.ingress.id ? [BETAS, call.betas] : NOTHING;
}

function failure(response: GenResponse): Pick<WholeAnswer, 'error'> {
  return isFailed(response) ? { error: NOT_ANSWERED } : {};
}

/** A run of the stages, for an attempt that has begun to answer. */
function openRun(call: GenerateCall, attempt: StageAttempt): StageChainRun<GenEvent> | undefined {
  return call.stages?.seesBody === true ? call.stages.openRun(attempt) : undefined;
}

/** A whole answer passes the stages as the events it would have had as a stream. */
function throughStages(response: GenResponse, run: StageChainRun<GenEvent>, end: StageSummary): GenResponse {
  const events: GenEvent[] = [];
  for (const event of eventsOf(response)) {
    const result = run.onChunk(event);
    if (result.kind === 'abort') throw result.error;
    events.push(...result.chunks);
  }
  const last = run.onEnd(end);
  if (last.kind === 'abort') throw last.error;
  return foldEvents([...events, ...last.chunks]);
}

function withSystem(request: GenRequest, system_prompt: string | undefined): GenRequest {
  if (system_prompt === undefined) return request;
  return { ...request, system: [{ type: 'text', text: system_prompt }, ...request.system] };
}

const decoder: TextDecoder = new TextDecoder();

export function parseAnswer(bytes: Uint8Array): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw new AtpError('upstream_error', 'The provider answered with something that is not JSON.', {
      origin: 'remote',
      cause,
    });
  }
  if (isJsonObject(value)) return value;
  throw new AtpError('upstream_error', 'The provider answered with JSON that is not an object.', { origin: 'remote' });
}

function countTokens(response: GenResponse): number {
  const reported = plausibleUsage(response.usage);
  if (reported !== undefined) return reported.out_tokens;
  const counter = new TokenCounter();
  for (const event of eventsOf(response)) counter.add(event);
  return counter.tokens;
}

const NOTHING: readonly string[] = [];

function joined(a: readonly string[], b: readonly string[]): readonly string[] {
  if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a;
  return [...new Set([...a, ...b])];
}
