import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROVIDER_IDS, secretOf } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import { TWO_CALLS, WEATHER } from '../src/samples.ts';
import { type Answer, textAnswer } from '../src/upstream/script.ts';

let rig: Rig;
let client: Anthropic;
beforeAll(async () => {
  rig = await startRig();
  client = new Anthropic({ apiKey: secretOf('acme'), baseURL: rig.router.url, maxRetries: 0 });
});
afterAll(async () => {
  expect(await rig.router.outstanding()).toEqual([]);
  await rig.close();
});

const say = (content: string): { role: 'user'; content: string }[] => [{ role: 'user', content }];
const TOOL = {
  name: WEATHER.name,
  description: WEATHER.description,
  input_schema: { ...WEATHER.parameters, required: ['city'] },
};
const THINKS: Answer = {
  choices: [{ thinking: ['I should', ' look.'], text: ['Blue.'], finish: 'stop' }],
  usage: { in_tokens: 12, out_tokens: 9, reasoning_tokens: 4 },
};

describe.each(PROVIDER_IDS)('messages, %s provider', (id) => {
  const model = `m-${id}`;

  test('plain and streamed text with usage and cost', async () => {
    const script = await rig.upstream.script({ answer: textAnswer('Blue', ' sky.') });
    const body = { model, max_tokens: 100, system: 'Be brief.', messages: say(script.mark) };
    const { data: plain, response } = await client.messages.create(body).withResponse();
    expect(response.headers.get('x-atp-cost-usd-micros')).toBe('25');
    const stream = client.messages.stream(body);
    const deltas: string[] = [];
    stream.on('text', (delta) => deltas.push(delta));
    const streamed = await stream.finalMessage();
    expect(deltas).toEqual(['Blue', ' sky.']);
    for (const answer of [plain, streamed]) {
      expect(answer.content).toMatchObject([{ type: 'text', text: 'Blue sky.' }]);
      expect(answer.stop_reason).toBe('end_turn');
      expect(answer.usage.output_tokens).toBe(7);
    }
    expect(plain.usage.input_tokens).toBe(11);
    expect((await rig.upstream.next(script)).seen.body).toContain('Be brief.');
  });

  test('the cost rides on the last event of a stream', async () => {
    const script = await rig.upstream.script({ answer: textAnswer('Blue.') });
    const body = { model, max_tokens: 100, messages: say(script.mark), stream: true };
    const answer = await rig.router.ask('/v1/messages', body);
    const text = await answer.text();
    const delta = /event: message_delta\ndata: (.*)\n/.exec(text)?.[1] ?? '{}';
    expect(JSON.parse(delta)).toMatchObject({ atp: { model, cost_usd_micros: 25, usage_source: 'reported' } });
    expect(text.trimEnd()).toMatch(/data: \{"type":"message_stop".*\}$/);
  });

  test('parallel tool calls, and the turn after them', async () => {
    const script = await rig.upstream.script({ answer: TWO_CALLS });
    const body = { model, max_tokens: 100, messages: say(script.mark), tools: [TOOL] };
    const plain = await client.messages.create(body);
    const streamed = await client.messages.stream(body).finalMessage();
    for (const answer of [plain, streamed]) {
      expect(answer.stop_reason).toBe('tool_use');
      const calls = answer.content.flatMap((block) => (block.type === 'tool_use' ? [block] : []));
      expect(calls.map((call) => call.input)).toEqual([{ city: 'Paris' }, { city: 'Rome' }]);
      expect(new Set(calls.map((call) => call.id)).size).toBe(2);
    }
    const next = await rig.upstream.script({ answer: textAnswer('Sunny.') });
    const answer = await client.messages.create({
      ...body,
      messages: [
        ...say(next.mark),
        { role: 'assistant', content: plain.content },
        {
          role: 'user',
          content: plain.content.flatMap((block) =>
            block.type === 'tool_use'
              ? [{ type: 'tool_result' as const, tool_use_id: block.id, content: `sun over ${block.id}` }]
              : [],
          ),
        },
      ],
    });
    expect(answer.content).toMatchObject([{ type: 'text', text: 'Sunny.' }]);
    expect((await rig.upstream.next(next)).seen.body.match(/sun over/g)).toHaveLength(2);
  });

  test('thinking comes before the text', async () => {
    const script = await rig.upstream.script({ answer: THINKS });
    const body = {
      model,
      max_tokens: 4_000,
      messages: say(script.mark),
      thinking: { type: 'enabled' as const, budget_tokens: 2_000 },
    };
    const plain = await client.messages.create(body);
    const streamed = await client.messages.stream(body).finalMessage();
    for (const answer of [plain, streamed]) {
      expect(answer.content.map((block) => block.type)).toEqual(['thinking', 'text']);
      expect(answer.content[0]).toMatchObject({ thinking: 'I should look.' });
    }
  });

  test.each([false, true])('cache markers, user and betas do not stand in the way (streaming: %s)', async (stream) => {
    const script = await rig.upstream.script({ answer: textAnswer('ok') });
    const call = client.beta.messages.create({
      model,
      max_tokens: 50,
      stream,
      system: [{ type: 'text', text: 'Long context.', cache_control: { type: 'ephemeral' } }],
      messages: say(script.mark),
      metadata: { user_id: 'u-1' },
      betas: ['context-1m-2025-08-07', 'nobody-knows-2099-01-01'],
    });
    const { response } = await call.withResponse();
    const ignored = (response.headers.get('x-atp-ignored') ?? '').split(', ');
    const { headers } = (await rig.upstream.next(script)).seen;
    if (id === 'anthropic') {
      expect(ignored).toEqual(['']);
      expect(headers['anthropic-beta']).toBe('context-1m-2025-08-07,nobody-knows-2099-01-01');
    } else {
      expect(ignored).toEqual(expect.arrayContaining(['cache_markers', 'anthropic-beta']));
      expect(headers['anthropic-beta']).toBeUndefined();
    }
  });

  test('betas that are none are refused before anything is asked', async () => {
    const script = await rig.upstream.script({ answer: textAnswer('ok') });
    for (const betas of ['x'.repeat(1_025), 'a b', 'a;b']) {
      const call = client.messages.create(
        { model, max_tokens: 50, messages: say(script.mark) },
        { headers: { 'anthropic-beta': betas } },
      );
      await expect(call).rejects.toThrow('anthropic-beta');
    }
    expect(await rig.upstream.untaken(script)).toEqual([]);
  });

  test.each([
    [400, Anthropic.BadRequestError, 'invalid_request_error'],
    [429, Anthropic.RateLimitError, 'rate_limit_error'],
    [500, Anthropic.InternalServerError, 'api_error'],
  ])('an upstream error %i has the client’s class and type', async (status, type, name) => {
    const script = await rig.upstream.script({ status, message: 'the scripted reason' });
    const body = { model: `${model}-1`, max_tokens: 10, messages: say(script.mark) };
    const failed = client.messages.create(body);
    await expect(failed).rejects.toBeInstanceOf(type);
    await expect(failed).rejects.toMatchObject({
      // What a provider says of a request is told; what it says of itself or its customer is not.
      message:
        status === 400 ? expect.stringContaining('the scripted reason') : expect.not.stringContaining('scripted'),
      error: { type: 'error', error: { type: name } },
    });
  });

  test('a cut stream is an error and never a normal end', async () => {
    const script = await rig.upstream.script({
      answer: textAnswer('One', ' two', ' three'),
      gates: [' three'],
      cut: { after: ' two', how: 'reset' },
    });
    const stream = await client.messages.create({
      model: `${model}-2`,
      max_tokens: 50,
      messages: say(script.mark),
      stream: true,
    });
    const request = await rig.upstream.next(script);
    let text = '';
    const types: string[] = [];
    const read = async (): Promise<void> => {
      for await (const event of stream) {
        types.push(event.type);
        if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text;
        if (text === 'One two') request.step();
      }
    };
    await expect(read()).rejects.toThrow('ended its answer before it was complete');
    expect(types).not.toContain('message_delta');
    expect(types).not.toContain('message_stop');
  });

  test('a client that cancels ends the upstream exchange', async () => {
    const script = await rig.upstream.script({ answer: textAnswer('One', ' two', ' three'), gates: [' three'] });
    const stream = client.messages.stream({ model, max_tokens: 50, messages: say(script.mark) });
    const request = await rig.upstream.next(script);
    stream.once('text', () => stream.abort());
    await expect(stream.done()).rejects.toBeInstanceOf(Anthropic.APIUserAbortError);
    expect(await request.closed).toMatchObject({ by: 'peer' });
  });
});

test('an unknown key and model have the client’s own error classes', async () => {
  const stranger = new Anthropic({ apiKey: 'wrong', baseURL: rig.router.url, maxRetries: 0 });
  const body = { model: 'm-chat', max_tokens: 10, messages: say('hi') };
  await expect(stranger.messages.create(body)).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
  await expect(client.messages.create({ ...body, model: 'nope' })).rejects.toBeInstanceOf(Anthropic.NotFoundError);
});

describe('count_tokens', () => {
  const text = 'How many tokens are these words? ';

  test.each(['anthropic', 'responses', 'gemini'])('the %s provider counts itself', async (id) => {
    const script = await rig.upstream.script({
      answer: { ...textAnswer(), usage: { in_tokens: 4_321, out_tokens: 0 } },
    });
    const body = { model: `m-${id}`, messages: say(text + script.mark), system: 'Be brief.' };
    expect((await client.messages.countTokens(body)).input_tokens).toBe(4_321);
    const { seen } = await rig.upstream.next(script);
    expect(seen.body).toContain(text.trim());
    expect(seen.body).toContain('Be brief.');
  });

  test('otherwise the router counts: more text is more tokens, and nothing is billed', async () => {
    const before = rig.router.books().opened.size;
    const count = async (id: string, times: number): Promise<number> => {
      const body = { model: `m-${id}`, messages: say(text.repeat(times)) };
      return (await client.messages.countTokens(body)).input_tokens;
    };
    for (const id of ['chat', 'ollama']) {
      const few = await count(id, 1);
      expect(few).toBeGreaterThan(5);
      expect(few).toBeLessThan(20);
      expect(await count(id, 10)).toBeGreaterThan(few * 5);
    }
    expect(rig.router.books().opened.size).toBe(before);
  });

  test('a provider that cannot count now is replaced by the router', async () => {
    const script = await rig.upstream.script({ status: 500 });
    const body = { model: 'm-anthropic-5', messages: say(script.mark) };
    expect((await client.messages.countTokens(body)).input_tokens).toBeGreaterThan(0);
    expect(await rig.upstream.untaken(script)).not.toEqual([]);
  });
});
