import type { Answer, AnswerChoice, ServedUsage } from '../script.ts';
import { findFrame, type Json, joined, openaiLogprob, type RenderContext, type Shape, sse } from './shape.ts';

function usageOf(usage: ServedUsage): Json {
  return {
    input_tokens: usage.in_tokens,
    input_tokens_details: { cached_tokens: usage.cached_in_tokens ?? 0 },
    output_tokens: usage.out_tokens,
    output_tokens_details: { reasoning_tokens: usage.reasoning_tokens ?? 0 },
    total_tokens: usage.in_tokens + usage.out_tokens,
  };
}

function resource(answer: Answer, ctx: RenderContext, status: string, output: readonly Json[]): Json {
  const over = status === 'completed' || status === 'incomplete';
  return {
    id: `resp_${ctx.n}`,
    object: 'response',
    created_at: 1_764_000_000,
    status,
    error: null,
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    instructions: null,
    max_output_tokens: null,
    model: `${ctx.model}-dated`,
    output,
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: false,
    temperature: 1,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    truncation: 'disabled',
    usage: over && answer.usage !== undefined ? usageOf(answer.usage) : null,
    user: null,
    metadata: {},
  };
}

interface Item {
  readonly added: Json;
  readonly done: Json;
  /** Events between, without `output_index` and `item_id`. */
  readonly events: readonly Json[];
}

function reasoningItem(choice: AnswerChoice, id: string): Item[] {
  if (choice.thinking === undefined) return [];
  const text = joined(choice.thinking);
  const part = { summary_index: 0 };
  return [
    {
      added: { id, type: 'reasoning', summary: [] },
      events: [
        { type: 'response.reasoning_summary_part.added', ...part, part: { type: 'summary_text', text: '' } },
        ...choice.thinking.map((delta) => ({ type: 'response.reasoning_summary_text.delta', ...part, delta })),
        { type: 'response.reasoning_summary_text.done', ...part, text },
        { type: 'response.reasoning_summary_part.done', ...part, part: { type: 'summary_text', text } },
      ],
      done: { id, type: 'reasoning', summary: [{ type: 'summary_text', text }] },
    },
  ];
}

function messageItem(choice: AnswerChoice, id: string): Item[] {
  if (choice.text === undefined) return [];
  const probs = (pieces: readonly string[]): Json[] => (choice.logprobs === true ? pieces.map(openaiLogprob) : []);
  const text = joined(choice.text);
  const part = { type: 'output_text', annotations: [], logprobs: probs(choice.text), text };
  const at = { content_index: 0 };
  return [
    {
      added: { id, type: 'message', status: 'in_progress', role: 'assistant', content: [] },
      events: [
        { type: 'response.content_part.added', ...at, part: { ...part, logprobs: [], text: '' } },
        ...choice.text.map((delta) => ({
          type: 'response.output_text.delta',
          ...at,
          delta,
          logprobs: probs([delta]),
        })),
        { type: 'response.output_text.done', ...at, text, logprobs: part.logprobs },
        { type: 'response.content_part.done', ...at, part },
      ],
      done: { id, type: 'message', status: 'completed', role: 'assistant', content: [part] },
    },
  ];
}

function toolItems(choice: AnswerChoice, salt: string): Item[] {
  return (choice.tools ?? []).map((tool, i) => {
    const args = joined(tool.args);
    const item = { id: `fc_${salt}_${i}`, type: 'function_call', call_id: tool.id, name: tool.name };
    return {
      added: { ...item, status: 'in_progress', arguments: '' },
      events: [
        ...tool.args.map((delta) => ({ type: 'response.function_call_arguments.delta', delta })),
        { type: 'response.function_call_arguments.done', arguments: args },
      ],
      done: { ...item, status: 'completed', arguments: args },
    };
  });
}

function itemsOf(answer: Answer, ctx: RenderContext): Item[] {
  const [choice] = answer.choices;
  if (choice === undefined) return [];
  return [
    ...reasoningItem(choice, `rs_${ctx.n}`),
    ...messageItem(choice, `msg_${ctx.n}`),
    ...toolItems(choice, String(ctx.n)),
  ];
}

function statusOf(answer: Answer): string {
  return answer.choices[0]?.finish === 'length' ? 'incomplete' : 'completed';
}

function frames(answer: Answer, ctx: RenderContext): string[] {
  const items = itemsOf(answer, ctx);
  const events: Json[] = [
    { type: 'response.created', response: resource(answer, ctx, 'in_progress', []) },
    { type: 'response.in_progress', response: resource(answer, ctx, 'in_progress', []) },
  ];
  items.forEach((item, output_index) => {
    const item_id = item.added['id'];
    events.push({ type: 'response.output_item.added', output_index, item: item.added });
    events.push(...item.events.map((event) => ({ ...event, item_id, output_index })));
    events.push({ type: 'response.output_item.done', output_index, item: item.done });
  });
  const status = statusOf(answer);
  const output = items.map((item) => item.done);
  events.push({ type: `response.${status}`, response: resource(answer, ctx, status, output) });
  return events.map((event, sequence_number) => sse({ ...event, sequence_number }, String(event['type'])));
}

/** Responses (OpenAI API reference). */
export const openaiResponsesShape: Shape = {
  id: 'openai-responses',
  stream_type: 'text/event-stream; charset=utf-8',
  owns: (path) => path === '/responses',
  wantsStream: (_path, body) => body['stream'] === true,
  plain: (answer, ctx) =>
    resource(
      answer,
      ctx,
      statusOf(answer),
      itemsOf(answer, ctx).map((item) => item.done),
    ),
  frames,
  usageAt: (list) => findFrame(list, '"usage":{'),
  error: (status, message) => ({
    error: { message, type: status >= 500 ? 'server_error' : 'invalid_request_error', param: null, code: null },
  }),
};
