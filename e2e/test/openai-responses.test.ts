import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROVIDER_IDS, secretOf } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import { textAnswer } from '../src/upstream/script.ts';
import { TWO_CALLS, WEATHER } from '../src/samples.ts';

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

describe.each(PROVIDER_IDS)('responses, %s provider', (id) => {
  const model = `m-${id}`;

  test('plain and streamed text', async () => {
    const script = await rig.upstream.script({ answer: textAnswer('Blue', ' sky.') });
    const plain = await client.responses.create({ model, input: script.mark, store: false });
    expect(plain.output_text).toBe('Blue sky.');
    expect(plain.status).toBe('completed');
    expect(plain.usage).toMatchObject({ input_tokens: 11, output_tokens: 7, total_tokens: 18 });
    const stream = client.responses.stream({ model, input: script.mark, store: false });
    const deltas: string[] = [];
    stream.on('response.output_text.delta', (event) => deltas.push(event.delta));
    const streamed = await stream.finalResponse();
    expect(deltas).toEqual(['Blue', ' sky.']);
    expect(streamed.output_text).toBe('Blue sky.');
    expect(streamed.usage?.total_tokens).toBe(18);
  });

  test('parallel function calls', async () => {
    const script = await rig.upstream.script({ answer: TWO_CALLS });
    const body = {
      model,
      input: script.mark,
      store: false,
      tools: [{ ...WEATHER, type: 'function' as const, strict: false }],
    };
    const plain = await client.responses.create(body);
    const streamed = await client.responses.stream(body).finalResponse();
    for (const answer of [plain, streamed]) {
      const calls = answer.output.flatMap((item) => (item.type === 'function_call' ? [item] : []));
      expect(calls.map((c) => [c.name, JSON.parse(c.arguments)])).toEqual([
        ['get_weather', { city: 'Paris' }],
        ['get_weather', { city: 'Rome' }],
      ]);
    }
  });

  test('a cut stream is an error', async () => {
    const script = await rig.upstream.script({
      answer: textAnswer('One', ' two', ' three'),
      gates: [' three'],
      cut: { after: ' two', how: 'reset' },
    });
    const stream = await client.responses.create({
      model: `${model}-4`,
      input: script.mark,
      store: false,
      stream: true,
    });
    const request = await rig.upstream.next(script);
    const types: string[] = [];
    let text = '';
    const read = async (): Promise<void> => {
      for await (const event of stream) {
        types.push(event.type);
        if (event.type === 'response.output_text.delta') text += event.delta;
        if (text === 'One two') request.step();
      }
    };
    await read().catch((error: unknown) => types.push(String(error)));
    expect(types.at(-1)).toMatch(/error|failed/i);
    expect(types).not.toContain('response.completed');
  });
});

describe('embeddings', () => {
  test.each(['chat', 'gemini', 'ollama'])('%s provider', async (id) => {
    const answer = await client.embeddings.create({
      model: `m-${id}`,
      input: ['ab', 'four'],
      encoding_format: 'float',
    });
    expect(answer.data.map((d) => d.embedding)).toEqual([
      [2, 0, 0.5],
      [4, 1, 0.5],
    ]);
    expect(answer.usage.prompt_tokens).toBe(11);
    // The client asks for base64 by itself when no format is given, and decodes it.
    const packed = await client.embeddings.create({ model: `m-${id}`, input: 'abc' });
    expect(packed.data[0]?.embedding).toEqual([3, 0, 0.5]);
  });

  test('a provider without embeddings says so', async () => {
    const refused = client.embeddings.create({ model: 'm-anthropic', input: 'x' });
    await expect(refused).rejects.toBeInstanceOf(OpenAI.BadRequestError);
  });
});
