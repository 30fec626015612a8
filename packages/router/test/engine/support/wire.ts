import type { Usage } from '@atp-router/kernel';

export type Shape = 'openai' | 'anthropic';

/** One frame of a streamed answer, with what a reader learns from it once all of its bytes are there. */
export interface WireFrame {
  readonly bytes: string;
  readonly text: string;
  readonly usage?: Usage;
  /** The answer is complete from here on. */
  readonly finish?: true;
}

export interface Answer {
  /** Texts of the chunks; each is a whole number of tokens of four letters. */
  readonly pieces: readonly string[];
  readonly usage: Usage;
  /** Not at all, at the end, or with every chunk. */
  readonly reports: 'never' | 'at the end' | 'always';
}

export function framesOf(shape: Shape, answer: Answer): WireFrame[] {
  return shape === 'openai' ? openaiFrames(answer) : anthropicFrames(answer);
}

export function wholeOf(shape: Shape, answer: Answer): string {
  const text = answer.pieces.join('');
  if (shape === 'openai') {
    return JSON.stringify({
      ...HEAD,
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
      ...(answer.reports === 'never' ? {} : { usage: openaiUsage(answer.usage) }),
    });
  }
  return JSON.stringify({
    ...message(),
    content: [{ type: 'text', text }],
    stop_reason: 'end_turn',
    ...(answer.reports === 'never' ? {} : { usage: anthropicUsage(answer.usage) }),
  });
}

/** An error as the provider's API shows it, plain or as a frame. */
export function errorOf(shape: Shape, stream: boolean): string {
  const error = shape === 'openai' ? { message: 'it broke', type: 'server_error', code: null } : ANTHROPIC_ERROR;
  const body = JSON.stringify(shape === 'openai' ? { error } : { type: 'error', error });
  if (!stream) return body;
  return shape === 'openai' ? `data: ${body}\n\n` : `event: error\ndata: ${body}\n\n`;
}

export function embeddingOf(usage: Usage, reports: boolean, inputs: number): string {
  const counts = { prompt_tokens: usage.in_tokens, total_tokens: usage.in_tokens };
  const data = Array.from({ length: inputs }, (_, index) => ({
    ...{ object: 'embedding', index, embedding: [0.25 + index, -0.5] },
  }));
  return JSON.stringify({ object: 'list', data, model: 'm', ...(reports ? { usage: counts } : {}) });
}

const HEAD = { id: 'chatcmpl-1', created: 1_800_000_000, model: 'upstream' } as const;
const ANTHROPIC_ERROR = { type: 'api_error', message: 'it broke' } as const;

function openaiFrames({ pieces, usage, reports }: Answer): WireFrame[] {
  const chunk = (more: object): string =>
    `data: ${JSON.stringify({ ...HEAD, object: 'chat.completion.chunk', ...more })}\n\n`;
  const choice = (delta: object, finish_reason: string | null): object => ({
    choices: [{ index: 0, delta, finish_reason }],
  });
  const frames: WireFrame[] = [{ bytes: chunk(choice({ role: 'assistant', content: '' }, null)), text: '' }];
  let out_tokens = 0;
  for (const text of pieces) {
    out_tokens += text.length / 4;
    if (reports !== 'always') frames.push({ bytes: chunk(choice({ content: text }, null)), text });
    else {
      // Servers that report as they go are a little behind with it.
      const so_far = { ...usage, out_tokens: Math.max(0, out_tokens - 1), reasoning_tokens: 0 };
      frames.push({
        bytes: chunk({ ...choice({ content: text }, null), usage: openaiUsage(so_far) }),
        text,
        usage: so_far,
      });
    }
  }
  frames.push({ bytes: chunk(choice({}, 'stop')), text: '', finish: true });
  if (reports !== 'never') frames.push({ bytes: chunk({ choices: [], usage: openaiUsage(usage) }), text: '', usage });
  frames.push({ bytes: 'data: [DONE]\n\n', text: '' });
  return frames;
}

function anthropicFrames({ pieces, usage, reports }: Answer): WireFrame[] {
  const frame = (type: string, more: object): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
  const delta = (text: string): string =>
    frame('content_block_delta', { index: 0, delta: { type: 'text_delta', text } });
  const end = { delta: { stop_reason: 'end_turn', stop_sequence: null } };
  return [
    { bytes: frame('message_start', { message: { ...message(), content: [], stop_reason: null } }), text: '' },
    { bytes: frame('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }), text: '' },
    ...pieces.map((text): WireFrame => ({ bytes: delta(text), text })),
    { bytes: frame('content_block_stop', { index: 0 }), text: '' },
    reports === 'never'
      ? { bytes: frame('message_delta', end), text: '', finish: true }
      : { bytes: frame('message_delta', { ...end, usage: anthropicUsage(usage) }), text: '', finish: true, usage },
    { bytes: frame('message_stop', {}), text: '' },
  ];
}

function message(): object {
  return { id: 'msg_1', type: 'message', role: 'assistant', model: 'upstream', stop_sequence: null };
}

function openaiUsage(usage: Usage): object {
  return {
    prompt_tokens: usage.in_tokens,
    completion_tokens: usage.out_tokens,
    prompt_tokens_details: { cached_tokens: usage.cached_in_tokens },
    completion_tokens_details: { reasoning_tokens: usage.reasoning_tokens },
  };
}

function anthropicUsage(usage: Usage): object {
  return {
    input_tokens: usage.in_tokens - usage.cached_in_tokens - usage.cache_write_tokens,
    cache_read_input_tokens: usage.cached_in_tokens,
    cache_creation_input_tokens: usage.cache_write_tokens,
    output_tokens: usage.out_tokens,
    output_tokens_details: { thinking_tokens: usage.reasoning_tokens },
  };
}
