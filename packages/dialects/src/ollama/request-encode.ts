import type { JsonObject, JsonValue } from '@atp-router/kernel';
import type { EncodeContext, EncodedRequest } from '../dialect.ts';
import type { GenRequest, Reasoning, ReasoningEffort } from '../model.ts';
import { effortFor, saidByShowing } from '../reasoning.ts';
import { Translation } from '../translation.ts';
import { FEATURES_OLLAMA } from './features.ts';
import { encodeMessages } from './messages-encode.ts';

type Fields = Record<string, JsonValue | undefined>;

/** Internal model → body of `/api/chat`. */
export function encodeRequest(request: GenRequest, ctx: EncodeContext): EncodedRequest {
  const t = new Translation('ollama', FEATURES_OLLAMA, ctx);
  const body: Fields = {
    model: ctx.upstream_model,
    messages: encodeMessages(request, t),
    // Streaming is the default, so it has to be switched off in words.
    stream: ctx.stream,
    // Its default is to forget the beginning of a long prompt silently; every other provider gives an error.
    truncate: false,
  };
  encodeTools(request, body, t);
  const format = request.response_format;
  if (format?.type === 'json_object') body['format'] = 'json';
  if (format?.type === 'json_schema') body['format'] = format.schema;
  if (request.reasoning !== undefined) {
    const think = encodeThink(request.reasoning);
    if (think !== undefined) body['think'] = think;
  }
  if (request.logprobs !== undefined) {
    body['logprobs'] = true;
    if (request.logprobs.top > 0) body['top_logprobs'] = request.logprobs.top;
  }
  const options = encodeOptions(request, ctx);
  if (Object.keys(options).length > 0) body['options'] = options;
  noteTheRest(request, (body['think'] ?? false) !== false, t);
  return { body, ignored: t.ignored };
}

function encodeTools(request: GenRequest, body: Fields, t: Translation): void {
  for (const tool of request.hosted_tools) t.hosted(tool);
  if (request.tools.length === 0) return;
  const choice = request.tool_choice?.type;
  if (choice === 'required') t.allows('tool_choice_required');
  if (choice === 'tool') t.allows('tool_choice_named');
  if (choice === 'none') return;
  if (request.parallel_tool_calls === false) {
    t.refuse('parallel_tool_calls', 'Ollama cannot be held to one call at a time.');
  }
  body['tools'] = request.tools.map((tool) => {
    if (tool.cache !== undefined) t.allows('cache_markers');
    if (tool.strict === true) t.allows('strict_tools');
    for (const key of Object.keys(tool.extra ?? {})) t.ignore(`tools.${key}`);
    return {
      type: 'function',
      function: {
        name: tool.name,
        ...(tool.description === undefined ? {} : { description: tool.description }),
        parameters: tool.parameters,
      },
    };
  });
}

const LEVELS: Readonly<Record<ReasoningEffort, boolean | string>> = {
  none: false,
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
};

/** Models without levels take any of them as "on". */
function encodeThink(reasoning: Reasoning): boolean | string | undefined {
  const effort = effortFor(reasoning);
  if (effort !== undefined) return LEVELS[effort];
  return reasoning.include === true || reasoning.adaptive === true ? true : undefined;
}

function encodeOptions(request: GenRequest, ctx: EncodeContext): JsonObject {
  const out: Fields = {};
  const set = (key: string, value: JsonValue | undefined): void => {
    if (value !== undefined) out[key] = value;
  };
  // Without it the server makes room for its own default, and refuses longer prompts that the model's context allows.
  set('num_ctx', ctx.context_tokens);
  set('num_predict', ctx.max_output_tokens ?? request.max_output_tokens);
  set('temperature', request.temperature);
  set('top_p', request.top_p);
  set('top_k', request.top_k);
  set('seed', request.seed);
  set('frequency_penalty', request.frequency_penalty);
  set('presence_penalty', request.presence_penalty);
  if (request.stop.length > 0) set('stop', request.stop);
  return out;
}

function noteTheRest(request: GenRequest, thinks: boolean, t: Translation): void {
  if (request.n !== 1) t.allows('n');
  if (request.logit_bias !== undefined && Object.keys(request.logit_bias).length > 0) t.allows('logit_bias');
  if (request.user !== undefined) t.allows('user');
  if (request.metadata !== undefined) t.allows('metadata');
  if (request.service_tier !== undefined && request.service_tier !== 'auto') t.allows('service_tier');
  t.unread(request, saidByShowing(request, thinks));
}
