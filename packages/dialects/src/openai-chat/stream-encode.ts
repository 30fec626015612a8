import type { JsonObject } from '@atp-router/kernel';
import type { AtpField, StreamEncodeContext, StreamEncoder } from '../dialect.ts';
import type { GenEvent } from '../event.ts';
import { isUrlCitation, Losses } from '../losses.ts';
import { CARRIER, encodeAnnotation } from './generated.ts';
import { encodeFinish } from './response.ts';
import { signatureFields } from './thought-signature.ts';
import { encodeUsage } from './usage.ts';

/** Events → Chat Completions chunks. Finish chunks wait for `finish`, which adds the cost. */
export function streamEncoder(ctx: StreamEncodeContext): StreamEncoder {
  const begun = new Set<number>();
  const finishes = new Map<number, string>();
  const losses = new Losses(CARRIER);
  let usage: JsonObject | undefined;

  const chunk = (choice: number, delta: JsonObject, more: JsonObject = {}): string => {
    let role: JsonObject = {};
    if (!begun.has(choice)) {
      begun.add(choice);
      role = { role: 'assistant' };
    }
    return frame({ choices: [{ index: choice, delta: { ...role, ...delta }, finish_reason: null, ...more }] });
  };
  const frame = (body: JsonObject): string =>
    `data: ${JSON.stringify({
      id: ctx.id,
      object: 'chat.completion.chunk',
      created: ctx.created_s,
      model: ctx.model,
      ...body,
      ...(ctx.include_usage && body['usage'] === undefined ? { usage: null } : {}),
    })}\n\n`;

  return {
    push(event: GenEvent): string {
      losses.see(event);
      switch (event.type) {
        case 'start':
          return chunk(0, { content: '' });
        case 'logprobs':
          return chunk(event.choice, {}, { logprobs: event.content });
        case 'finish':
          finishes.set(event.choice, encodeFinish(event.reason));
          return '';
        case 'usage':
          usage = encodeUsage(event.usage);
          return '';
        case 'error':
        case 'end':
        case 'thinking_signature':
        case 'thinking_redacted':
        case 'opaque_delta':
          return '';
        default: {
          const delta = deltaOf(event);
          return delta === undefined ? '' : chunk(event.choice, delta);
        }
      }
    },
    provisional: (fields) => frame({ choices: [], atp: { provisional: fields } }),
    finish(atp: AtpField): string {
      losses.refuseEmpty();
      if (finishes.size === 0) finishes.set(0, 'stop');
      let out = '';
      let left = finishes.size;
      for (const [choice, finish_reason] of finishes) {
        left -= 1;
        const cost: JsonObject = left === 0 ? { atp: losses.told(atp) } : {};
        out += frame({ choices: [{ index: choice, delta: {}, finish_reason }], ...cost });
      }
      if (ctx.include_usage && usage !== undefined) out += frame({ choices: [], usage });
      return `${out}data: [DONE]\n\n`;
    },
  };
}

type Content = GenEvent & {
  readonly type: 'text' | 'refusal' | 'thinking' | 'tool_call' | 'tool_args' | 'annotation' | 'opaque';
};

/** The delta that says it; undefined when this shape has nothing to say for it. */
function deltaOf(event: Content): JsonObject | undefined {
  switch (event.type) {
    case 'text':
      return { content: event.delta };
    case 'refusal':
      return { refusal: event.delta };
    case 'thinking':
      // An empty one announces a thinking that is not shown.
      return event.delta === '' ? undefined : { reasoning_content: event.delta };
    case 'tool_call':
      return { tool_calls: [beginCall(event)] };
    case 'tool_args':
      return { tool_calls: [{ index: event.index, function: { arguments: event.delta } }] };
    case 'annotation':
      return isUrlCitation(event.annotation) ? { annotations: [encodeAnnotation(event.annotation)] } : undefined;
    case 'opaque':
      return event.origin === 'openai-chat' ? event.raw : undefined;
  }
}

function beginCall({ index, id, name, signature }: GenEvent & { type: 'tool_call' }): JsonObject {
  return { index, id, type: 'function', function: { name, arguments: '' }, ...signatureFields(signature) };
}
