import type { JsonObject } from '@atp-router/kernel';
import type { EncodeContext, EncodedRequest } from '../dialect.ts';
import type { GenRequest } from '../model.ts';
import { encodeBody } from '../openai-chat/request-encode.ts';
import { Translation } from '../translation.ts';
import { FEATURES_ASK } from './features.ts';

/** How the output is limited in the body that is borrowed; renamed below. No server of this shape is OpenAI's. */
const CHAT_LIMIT = 'max_tokens';
const TRAITS = { is_openai: false, max_tokens_field: CHAT_LIMIT } as const;

/** Internal model → body of `ask`, whose messages and tools are those of Chat Completions. */
export function encodeRequest(request: GenRequest, ctx: EncodeContext): EncodedRequest {
  const t = new Translation('ask', FEATURES_ASK, ctx);
  const extra = request.source === 'ask' ? request.extra : {};
  if (request.source !== 'ask') t.unread(request);
  const as_chat: EncodeContext = { ...ctx, stream: false, endpoint: TRAITS };
  const { [CHAT_LIMIT]: max_output_tokens, ...body } = encodeBody(withinShape(request, t), extra, as_chat, t);
  const { metadata } = request;
  return {
    body: {
      ...body,
      ...(max_output_tokens === undefined ? {} : { max_output_tokens }),
      ...(metadata === undefined ? {} : { metadata }),
      stream: ctx.stream,
    } satisfies JsonObject,
    ignored: t.ignored,
  };
}

/** The request without what the shape cannot say; each thing that is left out was noted, or refused. */
function withinShape(request: GenRequest, t: Translation): GenRequest {
  const {
    top_k,
    frequency_penalty,
    presence_penalty,
    logit_bias,
    logprobs,
    metadata: _,
    service_tier,
    ...rest
  } = request;
  for (const tool of request.hosted_tools) t.hosted(tool);
  if (request.n !== 1) t.allows('n');
  if (logprobs !== undefined) t.allows('logprobs');
  if (top_k !== undefined) t.allows('top_k');
  // Zero is what is done anyway.
  if ((frequency_penalty ?? 0) !== 0) t.allows('frequency_penalty');
  if ((presence_penalty ?? 0) !== 0) t.allows('presence_penalty');
  if (logit_bias !== undefined && Object.keys(logit_bias).length > 0) t.allows('logit_bias');
  if (service_tier !== undefined && service_tier !== 'auto') t.allows('service_tier');
  return { ...rest, n: 1, hosted_tools: [] };
}
