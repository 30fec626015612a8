import type { GenEvent, GenRequest, Message, Part } from '@atp-router/dialects';
import type { JsonObject } from '@atp-router/kernel';
import fc from 'fast-check';

export const word: fc.Arbitrary<string> = fc.string({ minLength: 1, maxLength: 12 });
const ascii = fc.stringMatching(/^[a-z_]{1,12}$/);
const base64 = fc.constantFrom('AAAA', 'QUJD', '');
const schema = fc.record({ type: fc.constant('object'), title: ascii });
const args = fc.dictionary(ascii, fc.oneof(fc.integer(), word)).map((o) => JSON.stringify(o));

const text = fc.record({ type: fc.constant('text' as const), text: word });
const image = fc.record({
  type: fc.constant('image' as const),
  source: fc.oneof(
    fc.record({ kind: fc.constant('url' as const), url: fc.webUrl() }),
    fc.record({ kind: fc.constant('base64' as const), media_type: fc.constant('image/png'), data: base64 }),
  ),
  detail: fc.constantFrom('low', 'high', 'auto'),
});
const file = fc.record({
  type: fc.constant('file' as const),
  name: ascii,
  source: fc.record({ kind: fc.constant('base64' as const), media_type: fc.constant('text/plain'), data: base64 }),
});
const reasoning = fc.record({
  type: fc.constant('thinking' as const),
  text: word,
  redacted: word,
  // Ids of the router's own making are left out on the way back.
  signature: ascii.filter((id) => !id.startsWith('atp_')).map((id) => `rs_${id}`),
  origin: fc.constant('openai-responses' as const),
});

interface Turn {
  readonly user: readonly Part[];
  readonly thought: Part | undefined;
  readonly said: readonly Part[];
  readonly calls: readonly { readonly args_json: string; readonly result: string }[];
}

const turn: fc.Arbitrary<Turn> = fc.record({
  user: fc.array(fc.oneof(text, image, file), { minLength: 1, maxLength: 3 }),
  thought: fc.option(reasoning, { nil: undefined }),
  said: fc.array(fc.oneof(text, fc.record({ type: fc.constant('refusal' as const), text: word })), {
    minLength: 1,
    maxLength: 2,
  }),
  calls: fc.array(fc.record({ args_json: args, result: word }), { maxLength: 3 }),
});

function messagesOf(turns: readonly Turn[]): Message[] {
  return turns.flatMap((t, at): Message[] => {
    const name = (i: number): { id: string; name: string } => ({ id: `call_${at}_${i}`, name: `f${i}` });
    const calls = t.calls.map((c, i) => ({ type: 'tool_call' as const, ...name(i), args_json: c.args_json }));
    const results = t.calls.map((c, i) => ({
      type: 'tool_result' as const,
      call_id: name(i).id,
      content: [{ type: 'text' as const, text: c.result }],
      name: name(i).name,
    }));
    return [
      { role: 'user', parts: t.user },
      { role: 'assistant', parts: [...(t.thought === undefined ? [] : [t.thought]), ...t.said, ...calls] },
      ...(results.length === 0 ? [] : [{ role: 'user' as const, parts: results }]),
    ];
  });
}

const settings = fc.record(
  {
    tool_choice: fc.constantFrom(
      { type: 'auto' as const },
      { type: 'none' as const },
      { type: 'required' as const },
      { type: 'tool' as const, name: 'f0' },
    ),
    parallel_tool_calls: fc.boolean(),
    max_output_tokens: fc.integer({ min: 16, max: 9_999 }),
    temperature: fc.constantFrom(0, 0.5, 1),
    top_p: fc.constantFrom(0.1, 1),
    logprobs: fc.record({ top: fc.integer({ min: 0, max: 20 }) }),
    response_format: fc.oneof(
      fc.constantFrom({ type: 'text' as const }, { type: 'json_object' as const }),
      fc.record({ type: fc.constant('json_schema' as const), name: ascii, schema, strict: fc.boolean() }),
    ),
    reasoning: fc.record({ effort: fc.constantFrom('none' as const, 'low' as const, 'max' as const) }),
    user: word,
    metadata: fc.dictionary(ascii, word),
    service_tier: fc.constantFrom('flex', 'default'),
  },
  { requiredKeys: [] },
);

export const request: fc.Arbitrary<GenRequest> = fc
  .record({
    turns: fc.array(turn, { minLength: 1, maxLength: 3 }),
    system: fc.array(text, { maxLength: 1 }),
    strict: fc.boolean(),
    settings,
    stream: fc.boolean(),
  })
  .map((r) => ({
    source: 'openai-responses',
    model: 'm',
    stream: r.stream,
    include_usage: true,
    system: r.system,
    messages: messagesOf(r.turns),
    tools: [0, 1, 2].map((i) => ({
      name: `f${i}`,
      parameters: { type: 'object' },
      description: 'd',
      strict: r.strict,
    })),
    hosted_tools: [{ type: 'web_search', origin: 'openai-responses', raw: { type: 'web_search' } }],
    stop: [],
    n: 1,
    extra: {},
    ...r.settings,
  }));

/** Deltas of one answer, in an order that a provider may send them in. */
const block: fc.Arbitrary<GenEvent[]> = fc.oneof(
  fc
    .array(word, { minLength: 1, maxLength: 4 })
    .map((ds) => ds.map((delta) => ({ type: 'text', choice: 0, delta }) as const)),
  fc
    .array(word, { minLength: 1, maxLength: 4 })
    .map((ds) => ds.map((delta) => ({ type: 'thinking', choice: 0, delta, origin: 'openai-responses' }) as const)),
  word.map((data) => [{ type: 'thinking_redacted', choice: 0, data, origin: 'openai-responses' } as const]),
  word.map((delta) => [{ type: 'refusal', choice: 0, delta } as const]),
);

const call = fc.record({ name: ascii, args });
export const answer: fc.Arbitrary<GenEvent[]> = fc
  .record({
    blocks: fc.array(block, { maxLength: 5 }),
    calls: fc.array(call, { maxLength: 3 }),
    cuts: fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
    interleave: fc.boolean(),
    limit: fc.boolean(),
  })
  .map(({ blocks, calls, cuts, interleave, limit }): GenEvent[] => {
    const announced = calls.map(
      ({ name }, index): GenEvent => ({ type: 'tool_call', choice: 0, index, id: `c${index}`, name }),
    );
    const pieces = calls.map(({ args: json }, index) => {
      const out: GenEvent[] = [];
      for (let at = 0; at < json.length; ) {
        const length = cuts.next().value ?? 1;
        out.push({ type: 'tool_args', choice: 0, index, delta: json.slice(at, at + length) });
        at += length;
      }
      return out;
    });
    const rounds = Math.max(0, ...pieces.map((p) => p.length));
    const mixed = Array.from({ length: rounds }, (_, i) => pieces.flatMap((p) => p[i] ?? [])).flat();
    const tools = interleave ? [...announced, ...mixed] : announced.flatMap((a, i) => [a, ...(pieces[i] ?? [])]);
    const usage = { in_tokens: 9, out_tokens: 5, cached_in_tokens: 2, cache_write_tokens: 1, reasoning_tokens: 3 };
    const reason = limit ? 'length' : calls.length > 0 ? 'tool_calls' : 'stop';
    return [
      { type: 'start', id: 'u', model: 'up', created_s: 5 },
      ...blocks.flat(),
      ...tools,
      { type: 'finish', choice: 0, reason },
      { type: 'usage', usage },
      { type: 'end' },
    ];
  });

/** Some JSON with one place of it replaced by something else: close enough to the real thing to get deep. */
export function mutated(seed: JsonObject): fc.Arbitrary<JsonObject> {
  const paths: string[][] = [];
  const walk = (value: unknown, path: string[]): void => {
    if (path.length > 0) paths.push(path);
    if (typeof value === 'object' && value !== null) for (const [k, v] of Object.entries(value)) walk(v, [...path, k]);
  };
  walk(seed, []);
  const junk = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(null, '', 0, -1, [], {}, [null], [{}]));
  return fc.tuple(fc.constantFrom(...paths), junk).map(([path, value]) => {
    const copy = structuredClone(seed) as Record<string, unknown>;
    let at = copy;
    for (const key of path.slice(0, -1)) at = at[key] as Record<string, unknown>;
    at[path[path.length - 1] ?? ''] = value;
    return copy as JsonObject;
  });
}
