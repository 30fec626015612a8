import { foldEvents, type GenEvent, openaiResponses } from '@atp-router/dialects';
import { isAtpError, type JsonObject } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answer, mutated, request, word } from './arbitrary.ts';
import { encodeContext, encodeStream, eventsOfStream, fixture, framesOf, json } from './wire.ts';

const SEED = { seed: 20_260_424, numRuns: 300 };
describe('requests', () => {
  it('keep their meaning when encoded and decoded again', () => {
    fc.assert(
      fc.property(request, (r) => {
        const ctx = encodeContext({ upstream_model: 'm', stream: r.stream });
        const encoded = openaiResponses.encodeRequest(r, ctx);
        expect(encoded.ignored).toEqual([]);
        const hosted_tools = r.hosted_tools.map((tool, i) => ({ ...tool, path: `tools[${r.tools.length + i}]` }));
        expect(openaiResponses.decodeRequest(encoded.body)).toEqual({ ...r, hosted_tools });
      }),
      SEED,
    );
  });
});

describe('answers', () => {
  it('streamed and folded again, they are the same', () => {
    fc.assert(
      fc.property(answer, (events) => {
        const again = foldEvents(eventsOfStream(encodeStream(events)));
        expect(again).toEqual({ ...foldEvents(events), id: 'resp_01abc', model: 'small', created_s: 1_764_000_100 });
      }),
      SEED,
    );
  });

  it('whole and streamed say the same', () => {
    fc.assert(
      fc.property(answer, (events) => {
        const whole = openaiResponses.encodeResponse(foldEvents(events), { id: '01abc', model: 'small' });
        const decoded = openaiResponses.decodeResponse(whole);
        const streamed = foldEvents(eventsOfStream(encodeStream(events)));
        expect(decoded.choices).toEqual(streamed.choices);
        expect(decoded.usage).toEqual(streamed.usage);
      }),
      SEED,
    );
  });
});

function onlyAtpErrors(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!isAtpError(error)) throw error;
  }
}

const BODY: JsonObject = {
  model: 'm',
  input: [
    {
      role: 'user',
      content: [
        { type: 'input_text', text: 'a' },
        { type: 'input_image', image_url: 'data:x;base64,A' },
      ],
    },
    { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'a' }], encrypted_content: 'e' },
    { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
    { type: 'function_call_output', call_id: 'c', output: [{ type: 'input_file', file_data: 'data:a;base64,A' }] },
  ],
  tools: [{ type: 'function', name: 'f', parameters: {} }],
  tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'f' }] },
  text: { format: { type: 'json_schema', name: 'x', schema: {} } },
  reasoning: { effort: 'low', summary: 'auto' },
  include: ['message.output_text.logprobs'],
};

describe('nothing but AtpError is thrown', () => {
  const limits = { messages: 50, tools: 5 };
  const response = json('tools.json');
  const frames = framesOf(fixture('tools.sse'));

  it('on requests', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          mutated(BODY),
          fc.dictionary(word, fc.jsonValue()).map((o) => o as JsonObject),
        ),
        (body) => {
          onlyAtpErrors(() => openaiResponses.probe(body, limits));
          onlyAtpErrors(() => openaiResponses.encodeRequest(openaiResponses.decodeRequest(body), encodeContext()));
          openaiResponses.passThrough.patchRequest(body, { model: 'm', include_usage: true });
          encodeStream([{ type: 'text', choice: 0, delta: 'a' }], body);
        },
      ),
      SEED,
    );
  });

  it('on answers and errors', () => {
    fc.assert(
      fc.property(mutated(response), (body) => {
        onlyAtpErrors(() =>
          openaiResponses.encodeResponse(openaiResponses.decodeResponse(body), { id: 'x', model: 'y' }),
        );
        openaiResponses.decodeError(500, JSON.stringify(body));
      }),
      SEED,
    );
  });

  it('on streams', () => {
    const mutant = fc
      .integer({ min: 0, max: frames.length - 1 })
      .chain((at) => mutated(JSON.parse(frames[at]?.data ?? '{}') as JsonObject).map((body) => ({ at, body })));
    fc.assert(
      fc.property(mutant, ({ at, body }) => {
        const decoder = openaiResponses.streamDecoder();
        const events: GenEvent[] = [];
        frames.forEach((frame, i) => {
          const data = i === at ? JSON.stringify(body) : frame.data;
          onlyAtpErrors(() => events.push(...decoder.push({ ...frame, data })));
        });
        encodeStream(events);
      }),
      SEED,
    );
  });
});
