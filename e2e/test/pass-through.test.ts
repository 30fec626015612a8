import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { secretOf } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import { type Answered, send } from '../src/http.ts';

/** Where client and provider speak the same shape, what the router has no reason to change passes as it came. */
let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(async () => {
  expect(await rig.router.outstanding()).toEqual([]);
  await rig.close();
});

const PATHS = {
  chat: '/v1/chat/completions',
  anthropic: '/v1/messages',
  responses: '/v1/responses',
} as const;
type Shape = keyof typeof PATHS;
const SHAPES = Object.keys(PATHS) as Shape[];

function ask(shape: Shape, mark: string, more: object = {}): Promise<Answered> {
  const prompt = shape === 'responses' ? { input: mark } : { messages: [{ role: 'user', content: mark }] };
  const limit = shape === 'anthropic' ? { max_tokens: 50 } : {};
  return rig.router.ask(PATHS[shape], { model: `m-${shape}`, ...prompt, ...limit, ...more });
}

describe.each(SHAPES)('numbers of a request (%s)', (shape) => {
  test('that no double holds arrive as they were written', async () => {
    const script = await rig.upstream.script({});
    const schema = '{"type":"object","properties":{"n":{"type":"integer","maximum":9223372036854775807}}}';
    const more = { later_field: '@12345678901234567890', seed_of_tests: '@1e400', tools: '@tools' };
    const tool = {
      chat: `[{"type":"function","function":{"name":"f","parameters":${schema}}}]`,
      responses: `[{"type":"function","name":"f","parameters":${schema}}]`,
      anthropic: `[{"name":"f","input_schema":${schema}}]`,
    }[shape];
    const prompt =
      shape === 'responses' ? { input: script.mark } : { messages: [{ role: 'user', content: script.mark }] };
    const plain = JSON.stringify({ model: `m-${shape}`, max_tokens: 50, ...prompt, ...more });
    const body = plain.replace('"@tools"', tool).replaceAll(/"@([^"]*)"/g, '$1');
    const headers = { 'content-type': 'application/json' };
    const sent = send({ port: rig.router.port, path: PATHS[shape], key: secretOf('acme'), headers, body });
    const request = await rig.upstream.next(script);
    const { body: got } = request.seen;
    expect(got).toContain('"maximum":9223372036854775807}');
    expect(got).toContain('"later_field":12345678901234567890');
    expect(got).toContain('"seed_of_tests":1e400');
    expect((await sent.answer).status).toBe(200);
  });
});

describe.each(SHAPES)('usage of an answer (%s)', (shape) => {
  const text = 'one two three four five six seven eight';
  const [in_name, out_name] =
    shape === 'chat' ? ['prompt_tokens', 'completion_tokens'] : ['input_tokens', 'output_tokens'];
  const content = { type: 'output_text', text, annotations: [{ later: 1 }] };
  const whole = {
    chat: {
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
    },
    anthropic: {
      type: 'message',
      role: 'assistant',
      content: [{ type: 'text', text, citations: [] }],
      stop_reason: 'end_turn',
    },
    responses: {
      object: 'response',
      status: 'completed',
      output: [{ type: 'message', role: 'assistant', content: [content] }],
    },
  }[shape];
  const answering = (usage: unknown): string => {
    const body = { id: 'x', model: 'm', ...whole, system_fingerprint: 'fp', big: '@', usage };
    return JSON.stringify(body).replace('"@"', '12345678901234567890');
  };

  test.each<[string, unknown]>([
    ['null', null],
    ['missing', undefined],
    ['empty', {}],
    ['negative', { [in_name]: -1, [out_name]: -1 }],
    ['absurd', { [in_name]: 1e15, [out_name]: 1e15 }],
  ])('that is %s is told as it was billed, and nothing else is changed', async (_name, usage) => {
    const script = await rig.upstream.script({ body: answering(usage) });
    const answer = await ask(shape, script.mark);
    const got = await answer.text();
    const { usage: told, ...rest } = JSON.parse(got) as { usage: Record<string, number> };
    const { usage: _said, ...sent } = JSON.parse(answering(usage)) as { usage: unknown };
    expect(rest).toEqual(sent);
    expect(got).toContain('"big":12345678901234567890');
    const billed = rig.router.books().ended.get(answer.header('x-atp-request-id') ?? '')?.usage;
    expect(billed?.out_tokens).toBe(Math.ceil(text.length / 4));
    expect([told[in_name], told[out_name]]).toEqual([billed?.in_tokens, billed?.out_tokens]);
  });

  test('that can be true leaves the bytes as they came', async () => {
    const body = answering({ [in_name]: 3, [out_name]: 5, later_counter: 1 }).replace('{', '{ ');
    const script = await rig.upstream.script({ body });
    expect(await (await ask(shape, script.mark)).text()).toBe(body);
  });
});

describe('usage that a stream tells', () => {
  const named = (type: string, fields: object): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
  const prompt = { input_tokens: 30, cache_read_input_tokens: 20, output_tokens: 1 };
  const message = { id: 'm', type: 'message', role: 'assistant', model: 'm', content: [], usage: prompt };
  const messages = (usage: object): string[] => [
    named('message_start', { message }),
    named('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    named('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'eight ch' } }),
    named('content_block_stop', { index: 0 }),
    named('message_delta', { delta: { stop_reason: 'end_turn' }, usage }),
    named('message_stop', {}),
  ];
  const responses = (usage: unknown): string[] => [
    named('response.output_text.delta', { output_index: 0, delta: 'eight ch' }),
    named('response.completed', { response: { id: 'r', status: 'completed', output: [], usage, later: 1 } }),
  ];

  test.each<[string, Shape, string[]]>([
    ['negative', 'anthropic', messages({ output_tokens: -1 })],
    ['absurd', 'anthropic', messages({ output_tokens: 1e15 })],
    ['null', 'responses', responses(null)],
    ['absurd', 'responses', responses({ input_tokens: 3, output_tokens: 1e15 })],
  ])('as %s is told as it was billed (%s)', async (_name, shape, frames) => {
    const script = await rig.upstream.script({ frames });
    const answer = await ask(shape, script.mark, { stream: true });
    const last = [...(await answer.text()).matchAll(/data: (.*"atp".*)/g)].at(-1)?.[1] ?? '{}';
    const event = JSON.parse(last) as { usage?: object; response?: { usage?: object; later: number } };
    const billed = rig.router.books().ended.get(answer.header('x-atp-request-id') ?? '')?.usage;
    expect(billed?.out_tokens).toBe(2);
    if (shape === 'responses') {
      expect(event.response).toMatchObject({ later: 1, usage: { input_tokens: billed?.in_tokens, output_tokens: 2 } });
    } else {
      expect(billed).toMatchObject({ in_tokens: 50, cached_in_tokens: 20 });
      expect(event.usage).toMatchObject({ input_tokens: 30, cache_read_input_tokens: 20, output_tokens: 2 });
    }
  });
});

test('embeddings without reported usage tell what was counted', async () => {
  const script = await rig.upstream.script({
    body: JSON.stringify({ object: 'list', data: [{ object: 'embedding', index: 0, embedding: [1, 2] }], model: 'm' }),
  });
  const answer = await rig.router.ask('/v1/embeddings', { model: 'm-chat', input: `${script.mark} some words` });
  const { usage } = await answer.json();
  const billed = rig.router.books().ended.get(answer.header('x-atp-request-id') ?? '')?.usage;
  expect(billed?.in_tokens).toBeGreaterThan(0);
  expect(usage).toEqual({ prompt_tokens: billed?.in_tokens, total_tokens: billed?.in_tokens });
});
