import { decodeFloats, framer, openaiChat } from '@atp-router/dialects';
import { type JsonObject, seededRng } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { embedText, PROVIDER_SUITE, providerOf } from '../src/index.ts';
import { valueFor } from '../src/sim/schema-value.ts';
import { bytesOf, chat, jsonOf, PARAMS, run, simTransport } from './sim.ts';

describe('the suite against the simulation', () => {
  test.each(PROVIDER_SUITE)('$name', async (one) => {
    const provider = providerOf('sim');
    const target = {
      provider,
      base_url: provider.default_base_url,
      model: 'sim-small',
      embedding_model: 'sim-small',
      transport: simTransport({ models: ['sim-small'], params: { ...PARAMS, out_tokens: { p50: 60, p95: 120 } } }),
      now_ms: 0,
    };
    if (one.skip?.(target) === undefined) await one.run(target);
  });
});

describe('streams of the simulation', () => {
  const events = (body: JsonObject) => {
    const bytes = new TextEncoder().encode(bytesOf(chat({ ...body, stream: true })));
    const decoder = openaiChat.streamDecoder();
    return framer('sse', 1_000_000)
      .push(bytes)
      .flatMap((frame) => decoder.push(frame));
  };
  const body = { model: 'x', messages: [{ role: 'user', content: 'Hi' }] };

  test('usage only where it is asked for', () => {
    expect(events(body).filter((e) => e.type === 'usage')).toEqual([]);
    expect(events({ ...body, stream_options: { include_usage: true } }).filter((e) => e.type === 'usage')).toHaveLength(
      1,
    );
  });

  test('each of several choices finishes once', () => {
    const finishes = events({ ...body, n: 3 }).flatMap((e) => (e.type === 'finish' ? [e.choice] : []));
    expect(finishes.sort()).toEqual([0, 1, 2]);
  });

  test('usage is the same as in the plain answer', () => {
    const plain = openaiChat.decodeResponse(jsonOf(chat(body)));
    const [usage] = events({ ...body, stream_options: { include_usage: true } }).flatMap((e) =>
      e.type === 'usage' ? [e.usage] : [],
    );
    expect(usage).toEqual(plain.usage);
  });
});

describe('values for schemas', () => {
  const make = (schema: JsonObject, seed = 1) => valueFor(schema, seededRng(seed));

  test.each<[string, JsonObject, (value: never) => boolean]>([
    ['const', { const: 7 }, (v) => v === 7],
    ['enum', { enum: ['a', 'b'] }, (v) => ['a', 'b'].includes(v)],
    ['a list of types', { type: ['null', 'boolean'] }, (v) => typeof v === 'boolean'],
    [
      'bounds',
      { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 0.3, multipleOf: 0.1 },
      (v) => v === 0.1 || v === 0.2,
    ],
    ['only a maximum', { type: 'integer', maximum: -5 }, (v: number) => Number.isInteger(v) && v <= -5],
    ['lengths', { type: 'string', minLength: 30, maxLength: 31 }, (v: string) => v.length >= 30 && v.length <= 31],
    ['a date', { type: 'string', format: 'date' }, (v: string) => /^2026-\d\d-\d\d$/.test(v)],
    ['a time stamp', { type: 'string', format: 'date-time' }, (v: string) => !Number.isNaN(Date.parse(v))],
    [
      'a UUID',
      { type: 'string', format: 'uuid' },
      (v: string) => /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/.test(v),
    ],
    [
      'items',
      { type: 'array', items: { type: 'integer' }, minItems: 3, maxItems: 3 },
      (v: number[]) => v.length === 3 && v.every(Number.isInteger),
    ],
    [
      'a tuple',
      { type: 'array', prefixItems: [{ const: 1 }, { const: 2 }], minItems: 2, maxItems: 2 },
      (v: number[]) => v.join() === '1,2',
    ],
    ['a reference', { $ref: '#/$defs/a', $defs: { a: { const: 'x' } } }, (v) => v === 'x'],
    [
      'all of several',
      {
        allOf: [
          { type: 'object', properties: { a: { const: 1 } }, required: ['a'] },
          { properties: { b: { const: 2 } }, required: ['b'] },
        ],
      },
      (v: { a: number; b: number }) => v.a === 1 && v.b === 2,
    ],
    ['any of several', { anyOf: [{ const: 1 }, { type: 'null' }] }, (v) => v === 1],
  ])('%s', (_, schema, fits) => {
    for (let seed = 0; seed < 20; seed += 1)
      expect([make(schema, seed), fits(make(schema, seed) as never)]).toEqual([make(schema, seed), true]);
  });

  test('a schema that contains itself ends', () => {
    const schema = {
      type: 'object',
      properties: {
        name: { type: 'string' },
        next: { anyOf: [{ $ref: '#' }, { type: 'null' }] },
        kids: { type: 'array', items: { $ref: '#' } },
      },
      required: ['name', 'next', 'kids'],
    };
    expect(JSON.stringify(make(schema)).length).toBeLessThan(50_000);
  });

  test('no schema at all makes it throw or run away', () => {
    const keys = fc.constantFrom(
      'type',
      'properties',
      'items',
      'anyOf',
      'allOf',
      '$ref',
      'enum',
      'minLength',
      'minItems',
      'maximum',
      'required',
      'format',
      'multipleOf',
    );
    fc.assert(
      fc.property(
        fc.dictionary(keys, fc.oneof(fc.jsonValue(), fc.constantFrom('object', 'array', '#', 1e12, [{ $ref: '#' }]))),
        (schema) => {
          expect(JSON.stringify(make(schema as JsonObject)).length).toBeLessThan(1_000_000);
        },
      ),
      { seed: 9, numRuns: 300 },
    );
  });

  test('an answer under a schema is valid JSON of it, also in a stream', () => {
    const schema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] };
    const body = {
      model: 'x',
      messages: [{ role: 'user', content: 'Hi' }],
      response_format: { type: 'json_schema', json_schema: { name: 'n', schema } },
    };
    const [choice] = openaiChat.decodeResponse(jsonOf(chat(body))).choices;
    const [part] = choice?.parts ?? [];
    expect(part?.type === 'text' && typeof (JSON.parse(part.text) as { ok: unknown }).ok).toBe('boolean');
  });

  test('a JSON object without a schema says itself that it is simulated', () => {
    const body = { model: 'x', messages: [{ role: 'user', content: 'Hi' }], response_format: { type: 'json_object' } };
    const [part] = openaiChat.decodeResponse(jsonOf(chat(body))).choices[0]?.parts ?? [];
    expect(part?.type === 'text' && (JSON.parse(part.text) as { simulated: unknown }).simulated).toBe(true);
  });
});

describe('embeddings of the simulation', () => {
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, v, i) => sum + v * (b[i] ?? 0), 0);

  test('are unit vectors that follow from seed and text', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 300 }), (text, dimensions) => {
        const vector = embedText(text, dimensions, 1);
        expect(vector).toHaveLength(dimensions);
        expect(Math.abs(dot(vector, vector) - 1)).toBeLessThan(1e-5);
        expect(embedText(text, dimensions, 1)).toEqual(vector);
      }),
      { seed: 3, numRuns: 200 },
    );
    expect(embedText('a', 64, 1)).not.toEqual(embedText('a', 64, 2));
  });

  test('are near for texts that share words', () => {
    const [a, b, c] = ['how do I reset my password', 'how can I reset the password', 'the weather in Rome'].map((t) =>
      embedText(t, 256, 1),
    );
    expect(dot(a ?? [], b ?? [])).toBeGreaterThan(dot(a ?? [], c ?? []) + 0.3);
  });

  test('come as base64 of little-endian floats on demand', () => {
    const body = { model: 'x', input: ['a', 'b'], dimensions: 8 };
    const floats = jsonOf(run({ path: '/embeddings', body }))['data'] as unknown as { embedding: number[] }[];
    const packed = jsonOf(run({ path: '/embeddings', body: { ...body, encoding_format: 'base64' } }));
    const data = packed['data'] as unknown as { embedding: string }[];
    expect(data.map((d) => decodeFloats(d.embedding))).toEqual(floats.map((d) => d.embedding));
    expect(packed['simulated']).toBe(true);
  });

  test('take token numbers too', () => {
    for (const input of [
      [1, 2],
      [[1, 2], [3]],
    ]) {
      const list = jsonOf(run({ path: '/embeddings', body: { model: 'x', input } }))['data'] as unknown as unknown[];
      expect(list).toHaveLength(Array.isArray(input[0]) ? 2 : 1);
    }
  });
});
