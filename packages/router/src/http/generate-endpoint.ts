import {
  declaredTools,
  extractText,
  type GenRequest,
  type IngressDialect,
  type RequestProbe,
} from '@atp-router/dialects';
import type { AtpError, JsonValue, Limits } from '@atp-router/kernel';
import type { AdmittedCall } from '../engine/env.ts';
import type { Target, WantedAttempt } from '../engine/target.ts';
import { generateCodec } from '../relay/generate.ts';
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
    const { n, turn, kind, target } = attempt;
    const note = probe.stream ? undefined : new AnswerNote();
    const spoken = target.description.dialect;
    const codec = generateCodec(
      {
        call_id: call.head.call_id,
        ingress: dialect,
        body: body.json,
        exact: body.exact,
        probe,
        created_s: Math.floor(call.head.started_ms / 1_000),
        frame_bytes: frameBytes(target, call),
        stages: call.stages,
        replaced: staged.replaced,
        plan: dialect.id === 'ask' ? call.route : undefined,
        may_finish_early: call.on_budget_exhausted === 'finish',
        betas,
      },
      {
        attempt: { n, turn, kind, model: target.model.id, provider: target.provider.id },
        dialect: note === undefined ? spoken : note.on(spoken),
        upstream_model: target.model.upstream_model,
        model: target.model.id,
        system_prompt: call.systemPrompt(target),
        output_cap,
        default_max_output_tokens: target.model.max_output_tokens ?? DEFAULT_MAX_OUTPUT_TOKENS,
        drop: (field) => target.drop(field),
        endpoint: target.endpoint,
        context_tokens: target.context_tokens,
      },
    );
    return note === undefined ? codec : new NotedCodec(codec, note, spoken.id === dialect.id ? undefined : dialect);
  };
}

/** The request as the stages left it, if one of them changed it. */
type StagedRequest = { readonly replaced: GenRequest | undefined } | { readonly error: AtpError };

function throughStages(dialect: IngressDialect, body: ParsedBody, call: AdmittedCall): StagedRequest {
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
function frameBytes({ description }: Target, { limits }: AdmittedCall): number {
  return description.kind === 'agent' ? Math.max(limits.frame_bytes, limits.answer_bytes) : limits.frame_bytes;
}
