import { openaiEmbedIngress as ingress } from '@atp-router/dialects';
import { isAtpError, type JsonObject, type JsonValue } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codec } from './codec.ts';

const LIMITS = { inputs: 3 };
const CTX = { upstream_model: 'embed-x', drop: () => false };

describe('properties', () => {
  const PARAMETERS = { seed: 7, numRuns: 300 };
  const floats = fc.array(fc.float({ noNaN: true }), { maxLength: 40 });
  const as = (format: 'float' | 'base64', vector: readonly number[] | string): unknown => {
    const body = ingress.encodeResponse({ model: '', vectors: [vector] }, { model: 'm', encoding_format: format });
    return (body['data'] as readonly JsonObject[])[0]?.['embedding'];
  };

  it('base64 is what Node makes of 32-bit floats, and comes back exactly', () => {
    fc.assert(
      fc.property(floats, (values) => {
        const text = as('base64', values);
        expect(text).toBe(Buffer.from(Float32Array.from(values).buffer).toString('base64'));
        expect(as('float', String(text))).toEqual(values);
        expect(as('float', String(text).replace(/=+$/, ''))).toEqual(values);
      }),
      PARAMETERS,
    );
  });

  it('requests keep their meaning in the OpenAI shape', () => {
    const inputs = fc.oneof(
      fc.array(fc.string(), { minLength: 1, maxLength: 4 }),
      fc.array(fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
    );
    const options = fc.record(
      { dimensions: fc.integer({ min: 1, max: 4_096 }), user: fc.string() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(inputs, options, fc.constantFrom('float', 'base64'), (input, more, encoding_format) => {
        const request = ingress.decodeRequest({ model: 'm', input, encoding_format, ...more });
        const { body } = codec('openai-chat').encodeRequest(request, { ...CTX, upstream_model: 'm' });
        expect(ingress.decodeRequest(body)).toEqual(request);
      }),
      PARAMETERS,
    );
  });

  it('nothing but AtpError is thrown on arbitrary JSON', () => {
    const value = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonValue>;
    const only = (run: () => unknown): void => {
      try {
        run();
      } catch (error) {
        if (!isAtpError(error)) throw error;
      }
    };
    fc.assert(
      fc.property(value, value, (a, b) => {
        only(() => ingress.probe({ model: 'm', input: a, dimensions: b }, LIMITS));
        only(() => ingress.decodeRequest({ model: 'm', input: a, dimensions: b }));
        for (const id of ['openai-chat', 'gemini', 'ollama'] as const) {
          only(() => codec(id).decodeResponse({ data: [a], embeddings: [b], usage: a, usageMetadata: b }, 1));
          codec(id).decodeError(500, JSON.stringify(a));
        }
      }),
      PARAMETERS,
    );
  });
});
