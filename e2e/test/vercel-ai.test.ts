import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { generateText, jsonSchema, type LanguageModel, Output, stepCountIs, streamText, tool } from 'ai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROVIDER_IDS, secretOf } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import { WEATHER } from '../src/samples.ts';
import { type Answer, textAnswer } from '../src/upstream/script.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(async () => {
  expect(await rig.router.outstanding()).toEqual([]);
  await rig.close();
});

/** The three ways in which this library can talk to the router. */
const FRONTS: Readonly<Record<string, (id: string) => LanguageModel>> = {
  'openai chat': (id) => openai().chat(id),
  'openai responses': (id) => openai().responses(id),
  anthropic: (id) => createAnthropic({ baseURL: `${rig.router.url}/v1`, apiKey: secretOf('acme') })(id),
};

function openai(): ReturnType<typeof createOpenAI> {
  return createOpenAI({ baseURL: `${rig.router.url}/v1`, apiKey: secretOf('acme') });
}

const ONE_CALL: Answer = {
  choices: [{ tools: [{ id: 'call_a', name: 'get_weather', args: ['{"city":', '"Paris"}'] }], finish: 'tool_calls' }],
  usage: { in_tokens: 30, out_tokens: 10 },
};

const cells = Object.keys(FRONTS).flatMap((front) => PROVIDER_IDS.map((id) => [front, id] as const));

describe.each(cells)('%s, %s provider', (front, id) => {
  const model = (name = `m-${id}`): LanguageModel => {
    const make = FRONTS[front];
    if (make === undefined) throw new Error(front);
    return make(name);
  };

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
});
