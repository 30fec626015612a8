import type { JsonObject, Usage } from '@atp-router/kernel';
import fc from 'fast-check';
import type { Choice, DialectId, FinishReason, GenRequest, GenResponse, Message, Part, Tool } from '../../src/index.ts';

/** Conversations and answers that both shapes can say in full, in the order in which a provider wants them. */

const word = fc.string({ minLength: 1, maxLength: 12 }).filter((s) => s.trim() === s && s !== '');
const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/);
const name = fc.stringMatching(/^[a-z]{1,8}$/);
const object: fc.Arbitrary<JsonObject> = fc.dictionary(name, fc.oneof(fc.integer(), word, fc.boolean()), {
  maxKeys: 3,
});
const text = word.map((value): Part & { type: 'text' } => ({ type: 'text', text: value }));

const image: fc.Arbitrary<Part & { type: 'image' }> = fc
  .oneof(
    fc.record({ kind: fc.constant('url' as const), url: fc.webUrl() }),
    fc.record({ kind: fc.constant('base64' as const), media_type: fc.constant('image/png'), data: fc.base64String() }),
  )
  .map((source) => ({ type: 'image', source }));

const pdf: fc.Arbitrary<Part & { type: 'file' }> = fc.record({
  type: fc.constant('file' as const),
  source: fc.record({
    kind: fc.constant('base64' as const),
    media_type: fc.constant('application/pdf'),
    data: fc.base64String(),
  }),
  name: word,
});

const call = fc.record({ id, name, args: object });
const result = fc.record({ text: word });

interface Turn {
  readonly asked: readonly Part[];
  readonly said: string;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly args: JsonObject }[];
  readonly results: readonly { readonly text: string }[];
}

const turn: fc.Arbitrary<Turn> = fc.record({
  asked: fc.array(fc.oneof(text, image, pdf), { minLength: 1, maxLength: 3 }),
  said: word,
  calls: fc.uniqueArray(call, { maxLength: 3, selector: (c) => c.id }),
  results: fc.array(result, { minLength: 3, maxLength: 3 }),
});

/** Every turn: a question, an answer with calls, and their results together with the next question. */
function messagesOf(turns: readonly Turn[]): Message[] {
  const messages: Message[] = [];
  let results: Part[] = [];
  turns.forEach((t, n) => {
    messages.push({ role: 'user', parts: [...results, ...t.asked] });
    const calls = t.calls.map((c) => ({ ...c, id: `${c.id}_${n}` }));
    messages.push({
      role: 'assistant',
      parts: [
        { type: 'text', text: t.said },
        ...calls.map((c) => ({
          type: 'tool_call' as const,
          id: c.id,
          name: c.name,
          args_json: JSON.stringify(c.args),
        })),
      ],
    });
    results = calls.map((c, i) => ({
      type: 'tool_result',
      call_id: c.id,
      name: c.name,
      content: [{ type: 'text', text: t.results[i]?.text ?? 'none' }],
    }));
  });
  messages.push({ role: 'user', parts: [...results, { type: 'text', text: 'Go on' }] });
  return messages;
}

const tool: fc.Arbitrary<Tool> = fc.record(
  {
    name,
    parameters: fc.record({ type: fc.constant('object'), properties: fc.constant({}) }),
    description: word,
    strict: fc.boolean(),
  },
  { requiredKeys: ['name', 'parameters'] },
);

const settings = fc.record(
  {
    tool_choice: fc.constantFrom(
      { type: 'auto' as const },
      { type: 'none' as const },
      { type: 'required' as const },
      { type: 'tool' as const, name: 'f' },
    ),
    temperature: fc.constantFrom(0, 0.5),
    top_p: fc.constantFrom(0.1, 0.9),
    user: word,
    response_format: fc.record({
      type: fc.constant('json_schema' as const),
      name: fc.constant('answer'),
      schema: fc.constant({ type: 'object', properties: {}, additionalProperties: false }),
      strict: fc.constant(true),
    }),
  },
  { requiredKeys: [] },
);

export function requestFrom(source: DialectId): fc.Arbitrary<GenRequest> {
  return fc
    .record({
      turns: fc.array(turn, { maxLength: 3 }),
      system: fc.array(text, { maxLength: 1 }),
      tools: fc.array(tool, { minLength: 1, maxLength: 2 }),
      stop: fc.array(word, { maxLength: 2 }),
      max_output_tokens: fc.integer({ min: 1, max: 9_999 }),
      stream: fc.boolean(),
      settings,
    })
    .map(({ turns, settings: more, ...rest }) => ({
      source,
      model: 'm',
      include_usage: true,
      messages: messagesOf(turns),
      hosted_tools: [],
      n: 1,
      extra: {},
      ...rest,
      ...more,
    }));
}

const usage: fc.Arbitrary<Usage> = fc
  .tuple(fc.nat(9_999), fc.nat(9_999), fc.nat(9_999), fc.nat(9_999), fc.nat(9_999))
  .map(([fresh, cached, written, said, thought]) => ({
    in_tokens: fresh + cached + written,
    out_tokens: said + thought,
    cached_in_tokens: cached,
    cache_write_tokens: written,
    reasoning_tokens: thought,
  }));

/** Thinking, text and calls in the one order that Chat Completions can tell; `thought` says whose thinking it is. */
export function responseWith(thought: fc.Arbitrary<Part & { type: 'thinking' }>): fc.Arbitrary<GenResponse> {
  const finish: fc.Arbitrary<FinishReason> = fc.constantFrom('stop', 'length', 'content_filter');
  return fc
    .record({
      thought: fc.option(thought, { nil: undefined }),
      said: fc.option(text, { nil: undefined }),
      calls: fc.array(call, { maxLength: 3 }),
      finish,
      usage: fc.option(usage, { nil: undefined }),
    })
    .map((r): GenResponse => {
      const parts: Choice['parts'][number][] = [];
      if (r.thought !== undefined) parts.push(r.thought);
      if (r.said !== undefined) parts.push(r.said);
      for (const c of r.calls) {
        parts.push({ type: 'tool_call', id: c.id, name: c.name, args_json: JSON.stringify(c.args) });
      }
      return {
        id: 'id_1',
        model: 'small',
        created_s: 1_700_000_000,
        choices: [{ parts, finish: r.calls.length > 0 ? 'tool_calls' : r.finish }],
        ...(r.usage === undefined ? {} : { usage: r.usage }),
      };
    });
}

export const signedThought: fc.Arbitrary<Part & { type: 'thinking' }> = fc.oneof(
  fc.record({
    type: fc.constant('thinking' as const),
    text: fc.string({ maxLength: 12 }),
    signature: id,
    origin: fc.constant('anthropic-messages' as const),
  }),
  fc.record({
    type: fc.constant('thinking' as const),
    text: fc.constant(''),
    redacted: id,
    origin: fc.constant('anthropic-messages' as const),
  }),
);

export const plainThought: fc.Arbitrary<Part & { type: 'thinking' }> = fc.record({
  type: fc.constant('thinking' as const),
  text: word,
  origin: fc.constant('openai-chat' as const),
});
