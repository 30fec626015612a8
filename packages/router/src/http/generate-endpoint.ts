import {
  declaredTools,
  extractText,
  type GenEvent,
  type GenRequest,
  type IngressDialect,
  type ProviderDialect,
  type RequestProbe,
} from '@atp-router/dialects';
import type { AtpError, JsonValue, Limits } from '@atp-router/kernel';
import type { AdmittedCall } from '../engine/env.ts';
import type { Target, WantedAttempt } from '../engine/target.ts';
import type { CallFacts, LaneFacet, LaneTap } from '../fanout/types.ts';
import { type GenerateCall, type GenerateTarget, generateCodec } from '../relay/generate.ts';
import type { AttemptCodec } from '../relay/types.ts';
import { readBetas } from './betas.ts';
import { type ParsedBody, promptSize } from './json-body.ts';
import { AnswerNote, NotedCodec } from './noted-codec.ts';
import type { Operation } from './operation.ts';

/** Output tokens to ask for where a shape demands a number and neither client nor model gives one (Anthropic). */
const DEFAULT_MAX_OUTPUT_TOKENS = 4_096;

/** Text generation in any ingress shape. */
export function generateOperation(
  dialect: IngressDialect,
  body: ParsedBody,
  limits: Limits,
  header: (name: string) => string | undefined = () => undefined,
): Operation {
  const probe = dialect.probe(body.json, limits);
  const messages = lengthOf(body.json['messages'] ?? body.json['input']);
  const tools = lengthOf(body.json['tools']);
  return {
    kind: 'generate',
    model: probe.model,
    stream: probe.stream,
    needs: needsOf(probe),
    choices: probe.n,
    hosted_tools: declaredTools(body.json, dialect.id),
    max_output_tokens: probe.max_output_tokens,
    prompt: promptSize(body, probe.media_bytes, { messages, tools, media: probe.media_count }),
    promptTexts: () => extractText(dialect.decodeRequest(body.json)),
    prepare: preparer(dialect, body, probe, dialect.id === 'anthropic-messages' ? readBetas(header) : undefined),
    // Several alternatives of several agents would be too many to reconcile.
    facet: probe.n === 1 ? laneFacet(dialect, body, probe) : undefined,
    ...(probe.wishes === undefined ? {} : { wishes: probe.wishes }),
  };
}

function preparer(
  dialect: IngressDialect,
  body: ParsedBody,
  probe: RequestProbe,
  betas: string | undefined,
): Operation['prepare'] {
  // Stages see the request once per call, not once per attempt, and what they refuse stays refused.
  let staged: StagedRequest | undefined;
  return (call: AdmittedCall, attempt: WantedAttempt, output_cap: number | undefined): AttemptCodec => {
    staged ??= throughStages(dialect, body, call);
    if ('error' in staged) throw staged.error;
    const { target } = attempt;
    const note = probe.stream ? undefined : new AnswerNote();
    const spoken = target.description.dialect;
    const codec = generateCodec(
      {
        ...callOf(call, dialect, body, probe),
        frame_bytes: frameBytes(target, call),
        replaced: staged.replaced,
        plan: dialect.id === 'ask' ? call.route : undefined,
        may_finish_early: call.on_budget_exhausted === 'finish',
        betas,
      },
      targetOf(attempt, note === undefined ? spoken : note.on(spoken), call.systemPrompt(target), output_cap),
    );
    return note === undefined ? codec : new NotedCodec(codec, note, spoken.id === dialect.id ? undefined : dialect);
  };
}

/** As a policy that asks several agents needs it: one request for all lanes, which each of them may change. */
function laneFacet(dialect: IngressDialect, body: ParsedBody, probe: RequestProbe): LaneFacet {
  let staged: StagedRequest | undefined;
  return {
    dialect,
    body: body.json,
    include_usage: probe.include_usage,
    request(call) {
      staged ??= throughStages(dialect, body, call);
      if ('error' in staged) throw staged.error;
      return staged.replaced ?? dialect.decodeRequest(body.json);
    },
    codec: (call, attempt, request, output_cap, tap) =>
      generateCodec(
        {
          ...callOf(call, tapped(dialect, tap), body, { ...probe, stream: true }),
          frame_bytes: frameBytes(attempt.target, call),
          replaced: request,
          plan: undefined,
          may_finish_early: true,
          betas: undefined,
        },
        targetOf(attempt, attempt.target.description.dialect, undefined, output_cap),
      ),
  };
}

/** Nothing of the answer is written: its events go to whoever reconciles them. */
function tapped(dialect: IngressDialect, tap: LaneTap): IngressDialect {
  const push = (event: GenEvent): string => {
    tap(event);
    return '';
  };
  return { ...dialect, streamEncoder: () => ({ push, provisional: () => '', finish: () => '' }) };
}

function callOf(
  call: CallFacts,
  ingress: IngressDialect,
  body: ParsedBody,
  probe: RequestProbe,
): Pick<GenerateCall, 'call_id' | 'ingress' | 'body' | 'exact' | 'probe' | 'created_s' | 'stages'> {
  return {
    call_id: call.head.call_id,
    ingress,
    body: body.json,
    exact: body.exact,
    probe,
    created_s: Math.floor(call.head.started_ms / 1_000),
    stages: call.stages,
  };
}

function targetOf(
  { n, turn, kind, target }: WantedAttempt,
  dialect: ProviderDialect,
  system_prompt: string | undefined,
  output_cap: number | undefined,
): GenerateTarget {
  return {
    attempt: { n, turn, kind, model: target.model.id, provider: target.provider.id },
    dialect,
    upstream_model: target.model.upstream_model,
    model: target.model.id,
    system_prompt,
    output_cap,
    default_max_output_tokens: target.model.max_output_tokens ?? DEFAULT_MAX_OUTPUT_TOKENS,
    drop: (field) => target.drop(field),
    endpoint: target.endpoint,
    context_tokens: target.context_tokens,
  };
}

/** The request as the stages left it, if one of them changed it. */
type StagedRequest = { readonly replaced: GenRequest | undefined } | { readonly error: AtpError };

function throughStages(dialect: IngressDialect, body: ParsedBody, call: CallFacts): StagedRequest {
  if (call.stages?.claimsRequest !== true) return UNCHANGED;
  const request = dialect.decodeRequest(body.json);
  const result = call.stages.onRequest(request);
  if ('error' in result) return result;
  return result.request === request ? UNCHANGED : { replaced: result.request };
}

const UNCHANGED: StagedRequest = { replaced: undefined };

function needsOf(probe: RequestProbe): readonly string[] {
  let needs: string[] | undefined;
  for (const [flag, capability] of NEEDS) {
    if (!probe[flag]) continue;
    needs ??= ['chat'];
    needs.push(capability);
  }
  return needs ?? CHAT;
}

const CHAT: readonly string[] = ['chat'];

type Flag = Extract<keyof RequestProbe, `has_${string}` | `wants_${string}`>;

/** The capability of the configuration that each demand of a request needs. */
const NEEDS: readonly (readonly [flag: Flag, capability: string])[] = [
  ['has_tools', 'tools'],
  ['has_images', 'vision'],
  ['has_audio', 'audio'],
  ['has_documents', 'documents'],
  ['wants_json_mode', 'json_mode'],
  ['wants_json_schema', 'json_schema'],
  ['wants_reasoning', 'reasoning'],
  ['wants_logprobs', 'logprobs'],
];

function lengthOf(value: JsonValue | undefined): number {
  return Array.isArray(value) ? value.length : 0;
}

/**
 * The last message of an agent has the whole answer in it, which came as a message within its own limits (A10, W61): it may
 * be as large as an answer that is not streamed.
 */
function frameBytes({ description }: Target, { limits }: CallFacts): number {
  return description.kind === 'agent' ? Math.max(limits.frame_bytes, limits.answer_bytes) : limits.frame_bytes;
}
