import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROVIDER_IDS, secretOf } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import { TWO_CALLS, WEATHER } from '../src/samples.ts';
import { textAnswer } from '../src/upstream/script.ts';

let rig: Rig;
let client: OpenAI;
beforeAll(async () => {
  rig = await startRig();
  client = new OpenAI({ apiKey: secretOf('acme'), baseURL: `${rig.router.url}/v1`, maxRetries: 0 });
});
afterAll(async () => {
  expect(await rig.router.outstanding()).toEqual([]);
  await rig.close();
});

const say = (content: string): { role: 'user'; content: string }[] => [{ role: 'user', content }];

const TOOL = { type: 'function' as const, function: WEATHER };

describe.each(PROVIDER_IDS)('chat completions, %s provider', (id) => {
  const model = `m-${id}`;

  test('a plain answer with usage, id and cost', async () => {
    const script = await rig.upstream.script({ answer: textAnswer('Blue', ' sky.') });
    const call = client.chat.completions.create({ model, messages: say(script.mark) });
    const { data, response } = await call.withResponse();
    expect(data.choices[0]?.message.content).toBe('Blue sky.');
    expect(data.choices[0]?.finish_reason).toBe('stop');
    expect(data.usage).toMatchObject({ prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 });
    expect(response.headers.get('x-atp-model')).toBe(model);
    expect(response.headers.get('x-atp-cost-usd-micros')).toBe('25');
  });

  test('a stream, with and without the usage chunk', async () => {
    for (const include_usage of [true, false]) {
      const script = await rig.upstream.script({ answer: textAnswer('One', ' two', ' three') });
      const stream = await client.chat.completions.create({
        model,
        messages: say(script.mark),
        stream: true,
        ...(include_usage ? { stream_options: { include_usage } } : {}),
      });
      const chunks: OpenAI.ChatCompletionChunk[] = [];
      for await (const chunk of stream) chunks.push(chunk);
      expect(chunks.map((c) => c.choices[0]?.delta.content ?? '').join('')).toBe('One two three');
      const usages = chunks.filter((c) => c.usage !== undefined && c.usage !== null);
      expect(usages.map((c) => c.usage?.total_tokens)).toEqual(include_usage ? [18] : []);
      const finish = chunks.find((c) => c.choices[0]?.finish_reason === 'stop') as unknown as { atp?: object };
      expect(finish.atp).toMatchObject({ model, attempts: 1, cost_usd_micros: 25, usage_source: 'reported' });
    }
  });

  test('parallel tool calls, plain and streamed', async () => {
    const script = await rig.upstream.script({ answer: TWO_CALLS });
    const body = { model, messages: say(script.mark), tools: [TOOL] };
    const plain = await client.chat.completions.create(body);
    const streamed = await client.chat.completions.stream(body).finalChatCompletion();
    for (const answer of [plain, streamed]) {
      const [choice] = answer.choices;
      expect(choice?.finish_reason).toBe('tool_calls');
      const calls = choice?.message.tool_calls?.map((c) => c.type === 'function' && JSON.parse(c.function.arguments));
      expect(calls).toEqual([{ city: 'Paris' }, { city: 'Rome' }]);
      const ids = choice?.message.tool_calls?.map((c) => c.id) ?? [];
      expect(new Set(ids).size).toBe(2);
    }
  });

  test('a conversation goes on after a tool result', async () => {
    const script = await rig.upstream.script({ answer: textAnswer('Sunny.') });
    const answer = await client.chat.completions.create({
      model,
      tools: [TOOL],
      messages: [
        { role: 'system', content: 'Be brief.' },
        ...say(script.mark),
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'call_a', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Paris"}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'call_a', content: '21 degrees and sun' },
      ],
    });
    expect(answer.choices[0]?.message.content).toBe('Sunny.');
    expect((await rig.upstream.next(script)).seen.body).toContain('21 degrees and sun');
  });

  test('a JSON schema', async () => {
    const script = await rig.upstream.script({ answer: textAnswer('{"city":', '"Paris"}') });
    const answer = await client.chat.completions.parse({
      model,
      messages: say(script.mark),
      response_format: {
        type: 'json_schema',
        json_schema: {
          name: 'place',
          strict: true,
          schema: {
            type: 'object',
            properties: { city: { type: 'string' } },
            required: ['city'],
            additionalProperties: false,
          },
        },
      },
    });
    expect(answer.choices[0]?.message.parsed).toEqual({ city: 'Paris' });
    expect((await rig.upstream.next(script)).seen.body).toContain('"required":["city"]');
  });

  test.each([
    [400, OpenAI.BadRequestError],
    [429, OpenAI.RateLimitError],
    [500, OpenAI.InternalServerError],
  ])('an upstream error %i is the error class that the client knows', async (status, type) => {
    const script = await rig.upstream.script({ status, message: 'the scripted reason' });
    const failed = client.chat.completions.create({ model: `${model}-1`, messages: say(script.mark) });
    await expect(failed).rejects.toBeInstanceOf(type);
    // What a provider says of a request is told; what it says of itself or its customer is not.
    const message = status === 400 ? expect.stringContaining('scripted') : expect.not.stringContaining('scripted');
    await expect(failed).rejects.toMatchObject({ message });
  });

  test('an upstream refusal of the router’s own key is not shown as the client’s fault', async () => {
    const script = await rig.upstream.script({ status: 401, message: 'bad key' });
    const failed = client.chat.completions.create({ model: `${model}-2`, messages: say(script.mark) });
    await expect(failed).rejects.toMatchObject({ status: expect.toSatisfy((s: number) => s >= 500) });
  });

  test('a stream that the upstream cuts is an error and never a normal end', async () => {
    for (const how of ['reset', 'end'] as const) {
      const script = await rig.upstream.script({
        answer: textAnswer('One', ' two', ' three'),
        gates: [' three'],
        cut: { after: ' two', how },
      });
      const stream = await client.chat.completions.create({
        model: `${model}-3`,
        messages: say(script.mark),
        stream: true,
      });
      const request = await rig.upstream.next(script);
      let text = '';
      const read = async (): Promise<void> => {
        for await (const chunk of stream) {
          expect(chunk.choices[0]?.finish_reason ?? null).toBeNull();
          text += chunk.choices[0]?.delta.content ?? '';
          if (text === 'One two') request.step();
        }
      };
      await expect(read()).rejects.toThrow('ended its answer before it was complete');
      expect(text).toBe('One two');
    }
  });

  test('a client that cancels ends the upstream exchange', async () => {
    const script = await rig.upstream.script({ answer: textAnswer('One', ' two', ' three'), gates: [' three'] });
    const stream = await client.chat.completions.create({ model, messages: say(script.mark), stream: true });
    const request = await rig.upstream.next(script);
    for await (const chunk of stream) {
      if ((chunk.choices[0]?.delta.content ?? '') !== '') stream.controller.abort();
    }
    expect(await request.closed).toMatchObject({ by: 'peer' });
  });
});

describe('chat completions', () => {
  test('several choices, log-probabilities, stop, seed and penalties reach a provider of the same shape', async () => {
    const choice = { text: ['A', 'B'], finish: 'stop' as const, logprobs: true };
    const script = await rig.upstream.script({
      answer: { choices: [choice, { ...choice, text: ['C'] }], usage: { in_tokens: 9, out_tokens: 3 } },
    });
    const body = {
      model: 'm-chat',
      messages: say(script.mark),
      n: 2,
      logprobs: true,
      top_logprobs: 2,
      stop: ['END'],
      seed: 7,
      presence_penalty: 0.1,
      unknown_field: { kept: true },
    };
    const answer = await client.chat.completions.create(body);
    expect(answer.choices.map((c) => c.message.content)).toEqual(['AB', 'C']);
    expect(answer.choices[0]?.logprobs?.content?.map((t) => t.token)).toEqual(['A', 'B']);
    const upstream = await rig.upstream.next(script);
    expect(upstream.json).toEqual({ ...body, model: 'gpt-x' });
    const streamed = await client.chat.completions.stream(body).finalChatCompletion();
    expect(streamed.choices.map((c) => c.message.content)).toEqual(['AB', 'C']);
    expect(streamed.choices[0]?.logprobs?.content?.map((t) => t.token)).toEqual(['A', 'B']);
  });

  test('several choices and log-probabilities of Gemini', async () => {
    const choice = { text: ['A', 'B'], finish: 'stop' as const, logprobs: true };
    const script = await rig.upstream.script({
      answer: { choices: [choice, { ...choice, text: ['C'] }], usage: { in_tokens: 9, out_tokens: 3 } },
    });
    const body = { model: 'm-gemini', messages: say(script.mark), n: 2, logprobs: true, top_logprobs: 2 };
    const plain = await client.chat.completions.create(body);
    const streamed = await client.chat.completions.stream(body).finalChatCompletion();
    for (const answer of [plain, streamed]) {
      expect(answer.choices.map((c) => c.message.content)).toEqual(['AB', 'C']);
      expect(answer.choices[0]?.logprobs?.content?.map((t) => t.token)).toEqual(['A', 'B']);
      expect(answer.choices[0]?.logprobs?.content?.[0]?.top_logprobs).toHaveLength(2);
    }
  });

  test('an unknown key, model and parameter each have the client’s own error class', async () => {
    const stranger = new OpenAI({ apiKey: 'wrong', baseURL: `${rig.router.url}/v1`, maxRetries: 0 });
    const ask = { model: 'm-chat', messages: say('hi') };
    await expect(stranger.chat.completions.create(ask)).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    await expect(client.chat.completions.create({ ...ask, model: 'nope' })).rejects.toBeInstanceOf(
      OpenAI.NotFoundError,
    );
    const bad = client.chat.completions.create({ ...ask, messages: [] });
    await expect(bad).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    await expect(bad).rejects.toMatchObject({ param: 'messages', code: 'invalid_request' });
  });

  test('the models that a tenant may name', async () => {
    const ids: string[] = [];
    for await (const model of client.models.list()) ids.push(model.id);
    expect(ids).toEqual(expect.arrayContaining([...PROVIDER_IDS.map((id) => `m-${id}`), 'auto']));
  });
});

test('a signature of Gemini goes back to Gemini, and to nobody else after a fallback', async () => {
  const script = await rig.upstream.script({ answer: TWO_CALLS });
  const first = await client.chat.completions.create({ model: 'm-gemini', messages: say(script.mark), tools: [TOOL] });
  const asked = first.choices[0]?.message;
  if (asked === undefined) throw new Error('no answer');
  const results = (asked.tool_calls ?? []).map(({ id }) => ({
    role: 'tool' as const,
    tool_call_id: id,
    content: '21',
  }));
  for (const [model, wanted] of [
    ['m-gemini', expect.stringContaining('"thoughtSignature":"c2lnbmVk"')],
    ['m-chat', expect.not.stringContaining('c2lnbmVk')],
  ]) {
    const next = await rig.upstream.script({ answer: textAnswer('Sunny.') });
    await client.chat.completions.create({ model, messages: [...say(next.mark), asked, ...results], tools: [TOOL] });
    expect((await rig.upstream.next(next)).seen.body).toEqual(wanted);
  }
});
