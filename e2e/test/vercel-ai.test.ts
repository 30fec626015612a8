import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { APICallError, generateText, jsonSchema, type LanguageModel, Output, stepCountIs, streamText, tool } from 'ai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROVIDER_IDS, secretOf, standardConfig, tenant } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import { WEATHER } from '../src/samples.ts';
import { type Answer, textAnswer } from '../src/upstream/script.ts';

let rig: Rig;
beforeAll(async () => {
  const once = Object.values(ONCE).map((id) => tenant(id, { budget: { calls_per_day: 1 } }));
  rig = await startRig((upstream) => standardConfig(upstream, { tenants: [tenant('acme'), ...once] }));
});
afterAll(async () => {
  expect(await rig.router.outstanding()).toEqual([]);
  await rig.close();
});

/** The three ways in which this library can talk to the router. */
const FRONTS: Readonly<Record<string, (id: string, by: string) => LanguageModel>> = {
  'openai chat': (id, by) => createOpenAI(settings(by)).chat(id),
  'openai responses': (id, by) => createOpenAI(settings(by)).responses(id),
  anthropic: (id, by) => createAnthropic(settings(by))(id),
};

/** Tenants that may call once a day, one for each way to ask. */
const ONCE: Readonly<Record<string, string>> = {
  'openai chat': 'once-chat',
  'openai responses': 'once-responses',
  anthropic: 'once-anthropic',
};

function settings(by: string): { baseURL: string; apiKey: string } {
  return { baseURL: `${rig.router.url}/v1`, apiKey: secretOf(by) };
}

function modelOf(front: string, name: string, by = 'acme'): LanguageModel {
  const make = FRONTS[front];
  if (make === undefined) throw new Error(front);
  return make(name, by);
}

/** What a call ends with, as the library's own class of errors. */
async function failureOf(call: Promise<unknown>): Promise<APICallError> {
  const failure = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!APICallError.isInstance(failure)) throw new Error(`not an error of a call: ${String(failure)}`);
  return failure;
}

const ONE_CALL: Answer = {
  choices: [{ tools: [{ id: 'call_a', name: 'get_weather', args: ['{"city":', '"Paris"}'] }], finish: 'tool_calls' }],
  usage: { in_tokens: 30, out_tokens: 10 },
};

const cells = Object.keys(FRONTS).flatMap((front) => PROVIDER_IDS.map((id) => [front, id] as const));

describe.each(cells)('%s, %s provider', (front, id) => {
  const model = (name = `m-${id}`): LanguageModel => modelOf(front, name);
  // A circuit opens after five failures in a row: each way to ask has models of its own to fail.
  const spare = (first: number): LanguageModel => model(`m-${id}-${first + Object.keys(FRONTS).indexOf(front)}`);

  test('generateText', async () => {
    const script = await rig.upstream.script({ answer: textAnswer('Blue', ' sky.') });
    const answer = await generateText({ model: model(), prompt: script.mark, maxRetries: 0 });
    expect(answer.text).toBe('Blue sky.');
    expect(answer.finishReason).toBe('stop');
    expect(answer.usage).toMatchObject({ inputTokens: 11, outputTokens: 7 });
  });

  test('streamText', async () => {
    const script = await rig.upstream.script({ answer: textAnswer('Blue', ' sky.') });
    const answer = streamText({ model: model(), prompt: script.mark, maxRetries: 0 });
    const deltas: string[] = [];
    for await (const delta of answer.textStream) deltas.push(delta);
    expect(deltas).toEqual(['Blue', ' sky.']);
    expect(await answer.finishReason).toBe('stop');
    expect(await answer.usage).toMatchObject({ outputTokens: 7 });
  });

  test('a tool runs and the conversation goes on', async () => {
    const script = await rig.upstream.script({ answer: ONE_CALL }, { answer: textAnswer('Sunny in Paris.') });
    const cities: string[] = [];
    const answer = await generateText({
      model: model(),
      prompt: script.mark,
      maxRetries: 0,
      stopWhen: stepCountIs(3),
      tools: {
        get_weather: tool({
          description: WEATHER.description,
          inputSchema: jsonSchema<{ city: string }>({ ...WEATHER.parameters, required: ['city'], type: 'object' }),
          execute: ({ city }) => {
            cities.push(city);
            return Promise.resolve({ sky: 'clear' });
          },
        }),
      },
    });
    expect(cities).toEqual(['Paris']);
    expect(answer.text).toBe('Sunny in Paris.');
    await rig.upstream.next(script);
    expect((await rig.upstream.next(script)).seen.body).toContain('clear');
  });

  test('an object by schema', async () => {
    const script = await rig.upstream.script({ answer: textAnswer('{"city":', '"Paris"}') });
    const generate = (name: string): Promise<{ output: { city: string } }> =>
      generateText({
        model: model(name),
        prompt: script.mark,
        maxRetries: 0,
        output: Output.object({ schema: jsonSchema<{ city: string }>({ ...WEATHER.parameters, required: ['city'] }) }),
      });
    // For models whose name it does not know, its Messages client forces one call of a tool instead of a schema.
    if (front === 'anthropic' && (id === 'gemini' || id === 'ollama')) {
      await expect(generate(`m-${id}`)).rejects.toThrow(/cannot be expressed for a (gemini|ollama) provider/);
      expect((await generate(`m-${id}-drop`)).output).toEqual({ city: 'Paris' });
    } else expect((await generate(`m-${id}`)).output).toEqual({ city: 'Paris' });
  });

  test('a cut stream is an error', async () => {
    const script = await rig.upstream.script({
      answer: textAnswer('One', ' two', ' three'),
      gates: [' three'],
      cut: { after: ' two', how: 'reset' },
    });
    const answer = streamText({
      model: model(`m-${id}-1`),
      prompt: script.mark,
      maxRetries: 0,
      onError: () => undefined,
    });
    const request = await rig.upstream.next(script);
    const types: string[] = [];
    let text = '';
    for await (const part of answer.fullStream) {
      types.push(part.type);
      if (part.type === 'text-delta') text += part.text;
      if (text === 'One two') request.step();
    }
    expect(types).toContain('error');
    expect(types.indexOf('error')).toBeGreaterThan(types.indexOf('text-delta'));
  });

  test('an upstream 429 is one to try again, and says when', async () => {
    const headers = { 'retry-after': '30' };
    const script = await rig.upstream.script({ status: 429, message: 'the scripted reason', headers });
    const failure = await failureOf(generateText({ model: spare(2), prompt: script.mark, maxRetries: 0 }));
    expect(failure).toMatchObject({ statusCode: 429, isRetryable: true, responseHeaders: headers });
    expect(failure.message).not.toContain('scripted');
  });

  test('an upstream 500, plain and as a stream', async () => {
    const script = await rig.upstream.script({ status: 500, message: 'the scripted reason' });
    const failure = await failureOf(generateText({ model: spare(5), prompt: script.mark, maxRetries: 0 }));
    expect(failure).toMatchObject({ isRetryable: true, statusCode: expect.toSatisfy((code: number) => code >= 500) });
    expect(failure.message).not.toContain('scripted');
    const errors: unknown[] = [];
    const onError = ({ error }: { error: unknown }): void => void errors.push(error);
    const answer = streamText({ model: spare(5), prompt: script.mark, maxRetries: 0, onError });
    const types: string[] = [];
    for await (const part of answer.fullStream) types.push(part.type);
    expect(types).toContain('error');
    expect(types).not.toContain('text-delta');
    expect(errors.map((error) => APICallError.isInstance(error) && error.statusCode)).toEqual([failure.statusCode]);
  });

  test('a client that aborts in the middle of a stream ends the upstream exchange', async () => {
    const script = await rig.upstream.script({ answer: textAnswer('One', ' two', ' three'), gates: [' three'] });
    const leaving = new AbortController();
    const { signal: abortSignal } = leaving;
    const answer = streamText({ model: model(), prompt: script.mark, maxRetries: 0, abortSignal });
    const request = await rig.upstream.next(script);
    const types: string[] = [];
    for await (const part of answer.fullStream) {
      types.push(part.type);
      if (part.type === 'text-delta') leaving.abort();
    }
    expect(types).toContain('abort');
    expect(types).not.toContain('finish');
    expect(await request.closed).toMatchObject({ by: 'peer' });
  });
});

test.each(Object.entries(ONCE))('%s: a budget that is used up is an error, and nothing is asked', async (front, by) => {
  const answer = { answer: textAnswer('Blue.') };
  const [first, second] = [await rig.upstream.script(answer), await rig.upstream.script(answer)];
  const model = modelOf(front, 'm-chat', by);
  expect((await generateText({ model, prompt: first.mark, maxRetries: 0 })).text).toBe('Blue.');
  const failure = await failureOf(generateText({ model, prompt: second.mark, maxRetries: 0 }));
  expect(failure.statusCode).toBe(429);
  expect(failure.responseBody).toContain('budget_exhausted');
  expect(failure.responseHeaders).toMatchObject({ 'x-should-retry': 'false', 'retry-after': expect.any(String) });
  expect(await rig.upstream.untaken(second)).toEqual([]);
});
