import type { Answer, AnswerChoice, ServedUsage } from '../script.ts';
import { findFrame, type Json, joined, openaiLogprob, type RenderContext, type Shape, sse } from './shape.ts';

function usageOf(usage: ServedUsage): Json {
  return {
    prompt_tokens: usage.in_tokens,
    completion_tokens: usage.out_tokens,
    total_tokens: usage.in_tokens + usage.out_tokens,
    prompt_tokens_details: { cached_tokens: usage.cached_in_tokens ?? 0 },
    completion_tokens_details: { reasoning_tokens: usage.reasoning_tokens ?? 0 },
  };
}

function logprobsOf(pieces: readonly string[]): Json {
  return { content: pieces.map(openaiLogprob), refusal: null };
}

function wholeChoice(choice: AnswerChoice, index: number): Json {
  const tools = choice.tools?.map((tool) => ({
    id: tool.id,
    type: 'function',
    function: { name: tool.name, arguments: joined(tool.args) },
  }));
  return {
    index,
    message: {
      role: 'assistant',
      content: choice.text === undefined ? null : joined(choice.text),
      refusal: null,
      ...(choice.thinking === undefined ? {} : { reasoning_content: joined(choice.thinking) }),
      ...(tools === undefined ? {} : { tool_calls: tools }),
    },
    logprobs: choice.logprobs === true ? logprobsOf(choice.text ?? []) : null,
    finish_reason: choice.finish,
  };
}

/** The deltas of one choice, in order, each with what stands beside it. */
function deltas(choice: AnswerChoice): { delta: Json; logprobs: Json | null; finish_reason: string | null }[] {
  const plain = (delta: Json): { delta: Json; logprobs: null; finish_reason: null } => ({
    delta,
    logprobs: null,
    finish_reason: null,
  });
  return [
    plain({ role: 'assistant', content: '' }),
    ...(choice.thinking ?? []).map((text) => plain({ reasoning_content: text })),
    ...(choice.text ?? []).map((text) => ({
      ...plain({ content: text }),
      logprobs: choice.logprobs === true ? logprobsOf([text]) : null,
    })),
    ...(choice.tools ?? []).flatMap((tool, index) => [
      plain({
        tool_calls: [{ index, id: tool.id, type: 'function', function: { name: tool.name, arguments: '' } }],
      }),
      ...tool.args.map((piece) => plain({ tool_calls: [{ index, function: { arguments: piece } }] })),
    ]),
    { delta: {}, logprobs: null, finish_reason: choice.finish },
  ];
}

function frames(answer: Answer, ctx: RenderContext): string[] {
  const base = {
    id: `chatcmpl-${ctx.n}`,
    object: 'chat.completion.chunk',
    created: 1_764_000_000,
    model: `${ctx.model}-dated`,
    service_tier: 'default',
    system_fingerprint: 'fp_1',
  };
  const out = answer.choices.flatMap((choice, index) =>
    deltas(choice).map((chunk) => sse({ ...base, choices: [{ index, ...chunk }] })),
  );
  const options = ctx.body['stream_options'] as Json | undefined;
  if (answer.usage !== undefined && options?.['include_usage'] === true) {
    out.push(sse({ ...base, choices: [], usage: usageOf(answer.usage) }));
  }
  return [...out, sse('[DONE]')];
}

/** Chat Completions (OpenAI API reference). */
export const openaiChatShape: Shape = {
  id: 'openai-chat',
  stream_type: 'text/event-stream; charset=utf-8',
  owns: (path) => path === '/chat/completions',
  wantsStream: (_path, body) => body['stream'] === true,
  plain: (answer, ctx) => ({
    id: `chatcmpl-${ctx.n}`,
    object: 'chat.completion',
    created: 1_764_000_000,
    model: `${ctx.model}-dated`,
    choices: answer.choices.map(wholeChoice),
    ...(answer.usage === undefined ? {} : { usage: usageOf(answer.usage) }),
    service_tier: 'default',
    system_fingerprint: 'fp_1',
  }),
  frames,
  usageAt: (list) => findFrame(list, '"usage":{'),
  error: (status, message) => ({
    error: {
      message,
      type: status === 429 ? 'rate_limit_error' : status >= 500 ? 'server_error' : 'invalid_request_error',
      param: null,
      code: status === 429 ? 'rate_limit_exceeded' : null,
    },
  }),
};
