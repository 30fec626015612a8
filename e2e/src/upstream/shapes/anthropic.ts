import type { Answer, AnswerChoice, Finish, ServedUsage } from '../script.ts';
import { findFrame, type Json, joined, type RenderContext, type Shape, sse } from './shape.ts';

const STOP: Readonly<Record<Finish, string>> = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' };

/** `input_tokens` leaves out what came from the cache. */
function usageOf(usage: ServedUsage, out_tokens: number): Json {
  const cached = usage.cached_in_tokens ?? 0;
  return {
    input_tokens: usage.in_tokens - cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cached,
    output_tokens: out_tokens,
  };
}

/** What Messages always reports: it knows no answer without usage. */
const NO_USAGE: ServedUsage = { in_tokens: 0, out_tokens: 0 };

function message(answer: Answer, ctx: RenderContext, content: readonly Json[], stop: string | null, out: number): Json {
  return {
    id: `msg_${ctx.n}`,
    type: 'message',
    role: 'assistant',
    model: `${ctx.model}-dated`,
    content,
    stop_reason: stop,
    stop_sequence: null,
    usage: usageOf(answer.usage ?? NO_USAGE, out),
  };
}

interface Block {
  readonly start: Json;
  readonly deltas: readonly Json[];
  readonly whole: Json;
}

function blocksOf(choice: AnswerChoice | undefined): Block[] {
  if (choice === undefined) return [];
  const blocks: Block[] = [];
  if (choice.thinking !== undefined) {
    blocks.push({
      start: { type: 'thinking', thinking: '', signature: '' },
      deltas: [
        ...choice.thinking.map((thinking) => ({ type: 'thinking_delta', thinking })),
        { type: 'signature_delta', signature: 'c2lnbmVk' },
      ],
      whole: { type: 'thinking', thinking: joined(choice.thinking), signature: 'c2lnbmVk' },
    });
  }
  if (choice.text !== undefined) {
    blocks.push({
      start: { type: 'text', text: '' },
      deltas: choice.text.map((text) => ({ type: 'text_delta', text })),
      whole: { type: 'text', text: joined(choice.text) },
    });
  }
  for (const tool of choice.tools ?? []) {
    blocks.push({
      start: { type: 'tool_use', id: tool.id, name: tool.name, input: {} },
      deltas: tool.args.map((partial_json) => ({ type: 'input_json_delta', partial_json })),
      whole: { type: 'tool_use', id: tool.id, name: tool.name, input: JSON.parse(joined(tool.args) || '{}') as Json },
    });
  }
  return blocks;
}

function frames(answer: Answer, ctx: RenderContext): string[] {
  const [choice] = answer.choices;
  const events: Json[] = [{ type: 'message_start', message: message(answer, ctx, [], null, 1) }, { type: 'ping' }];
  blocksOf(choice).forEach((block, index) => {
    events.push({ type: 'content_block_start', index, content_block: block.start });
    events.push(...block.deltas.map((delta) => ({ type: 'content_block_delta', index, delta })));
    events.push({ type: 'content_block_stop', index });
  });
  events.push({
    type: 'message_delta',
    delta: { stop_reason: STOP[choice?.finish ?? 'stop'], stop_sequence: null },
    usage: { output_tokens: (answer.usage ?? NO_USAGE).out_tokens },
  });
  events.push({ type: 'message_stop' });
  return events.map((event) => sse(event, String(event['type'])));
}

/** Messages (Anthropic API reference). */
export const anthropicShape: Shape = {
  id: 'anthropic-messages',
  stream_type: 'text/event-stream; charset=utf-8',
  owns: (path) => path === '/v1/messages',
  wantsStream: (_path, body) => body['stream'] === true,
  plain: (answer, ctx) => {
    const [choice] = answer.choices;
    const content = blocksOf(choice).map((block) => block.whole);
    return message(answer, ctx, content, STOP[choice?.finish ?? 'stop'], (answer.usage ?? NO_USAGE).out_tokens);
  },
  frames,
  usageAt: (list) => findFrame(list, 'message_delta'),
  prompt_at: 0,
  error: (status, text) => ({ type: 'error', error: { type: errorType(status), message: text } }),
};

function errorType(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 404) return 'not_found_error';
  if (status === 429) return 'rate_limit_error';
  if (status === 529) return 'overloaded_error';
  return status >= 500 ? 'api_error' : 'invalid_request_error';
}
