import type { JsonObject } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import {
  anthropicMessages,
  ask,
  eventsOf,
  foldEvents,
  gemini,
  type GenResponse,
  type IngressDialect,
  openaiChat,
  openaiResponses,
} from '../../src/index.ts';
import { ATP, decodeStream, encodeStream, payloads } from './wire.ts';

const PNG = 'iVBORw0KGgo=';
const IMAGE = { inlineData: { mimeType: 'image/png', data: PNG } };
const CTX = { id: 'id_1', model: 'small', atp: ATP };

function geminiAnswer(...parts: JsonObject[]): GenResponse {
  return gemini.decodeResponse({ candidates: [{ content: { parts }, finishReason: 'STOP' }] });
}

function chatAnswer(message: JsonObject): GenResponse {
  return openaiChat.decodeResponse({
    choices: [{ message: { role: 'assistant', ...message }, finish_reason: 'stop' }],
  });
}

/** The `atp` field of a stream of this answer. */
function atpOf(ingress: IngressDialect, response: GenResponse): unknown {
  const told = payloads(encodeStream(ingress, eventsOf(response))) as JsonObject[];
  const ends = told.map((event) => event['atp'] ?? (event['response'] as JsonObject | undefined)?.['atp']);
  return ends.find((atp) => atp !== undefined);
}

const SPEECH = { audio: { id: 'audio_1', data: 'UklGRg==', transcript: 'Hi', expires_at: 1 } };

describe.each<[string, IngressDialect, GenResponse]>([
  ['image', openaiChat, geminiAnswer(IMAGE)],
  ['image', anthropicMessages, geminiAnswer(IMAGE)],
  ['image', ask, geminiAnswer(IMAGE)],
  ['audio', openaiResponses, geminiAnswer({ inlineData: { mimeType: 'audio/wav', data: 'UklGRg==' } })],
  ['audio', openaiResponses, chatAnswer({ content: null, ...SPEECH })],
  ['audio', anthropicMessages, chatAnswer({ content: null, ...SPEECH })],
  ['image', anthropicMessages, chatAnswer({ content: '', images: [{ type: 'image_url', image_url: { url: 'x' } }] })],
])('%s, which the client’s shape cannot carry', (name, ingress, response) => {
  test('is an error where nothing else was generated, whole and streamed', () => {
    const said = expect.objectContaining({
      code: 'upstream_error',
      origin: 'remote',
      message: expect.stringContaining(name) as string,
    });
    expect(() => ingress.encodeResponse(response, CTX)).toThrow(said);
    expect(() => encodeStream(ingress, eventsOf(response))).toThrow(said);
  });

  test('is told beside what is left', () => {
    const [choice] = response.choices;
    const text = { type: 'text', text: 'Here.' } as const;
    const more = { ...response, choices: [{ finish: 'stop', parts: [text, ...(choice?.parts ?? [])] }] } as const;
    expect(ingress.lost(more)).toEqual([name]);
    expect(JSON.stringify(ingress.encodeResponse(more, CTX))).toContain('Here.');
    expect(atpOf(ingress, more)).toEqual({ ...ATP, dropped: [name] });
  });
});

test('an answer that a limit or a filter cut is what it was', () => {
  const response = {
    ...geminiAnswer(IMAGE),
    choices: [{ parts: geminiAnswer(IMAGE).choices[0]?.parts ?? [], finish: 'length' }],
  };
  expect(openaiChat.encodeResponse(response as GenResponse, CTX)).toMatchObject({
    choices: [{ finish_reason: 'length' }],
  });
});

test('signatures say nothing, and traces of hosted tools are no content', () => {
  const signed = geminiAnswer({ text: '', thoughtSignature: 'S' });
  expect(openaiChat.lost(signed)).toEqual([]);
  expect(openaiChat.encodeResponse(signed, CTX)).toMatchObject({ choices: [{ finish_reason: 'stop' }] });
  const trace = geminiAnswer({ text: 'Hi' }, { executableCode: { code: '1' } });
  expect(openaiChat.lost(trace)).toEqual(['hosted_tools']);
  expect(atpOf(openaiChat, geminiAnswer({ text: 'Hi' }))).toEqual(ATP);
});

describe('a picture for a Responses client', () => {
  const item = { type: 'image_generation_call', status: 'completed', result: PNG, output_format: 'png' };
  const url = `data:image/png;base64,${PNG}`;
  test.each([
    ['Gemini', geminiAnswer({ text: 'Here.' }, IMAGE)],
    ['an aggregator', chatAnswer({ content: 'Here.', images: [{ type: 'image_url', image_url: { url } }] })],
  ])('comes from %s as an item, whole and streamed', (_from, response) => {
    expect(openaiResponses.lost(response)).toEqual([]);
    const whole = openaiResponses.encodeResponse(response, CTX)['output'];
    expect(whole).toMatchObject([{ type: 'message' }, item]);
    const told = payloads(encodeStream(openaiResponses, eventsOf(response))) as JsonObject[];
    expect(told.filter((event) => event['type'] === 'response.output_item.done').at(-1)).toMatchObject({ item });
    expect(told.at(-1)).toMatchObject({ response: { output: whole } });
  });
});

describe('speech and pictures of Chat Completions', () => {
  test('stay as they are for clients of the same shape, whose body a stage reads', () => {
    const images = [1, 2].map((n) => ({ type: 'image_url', image_url: { url: `https://x/${n}` } }));
    const message = { content: 'Hi', ...SPEECH, images };
    const again = foldEvents(eventsOf(chatAnswer(message)));
    expect(openaiChat.encodeResponse(again, CTX)).toMatchObject({ choices: [{ message }] });
    expect(openaiChat.lost(again)).toEqual([]);
    const chunks = payloads(encodeStream(openaiChat, eventsOf(again)));
    expect(JSON.stringify(chunks)).toContain('"audio":{"id":"audio_1"');
  });
});

const CITED = { start_index: 6, end_index: 9, title: 'T', url: 'https://x/y' };
const FLAT = { type: 'url_citation', ...CITED };
const NESTED = { type: 'url_citation', url_citation: CITED };
const frames = (list: readonly JsonObject[]): Uint8Array =>
  new TextEncoder().encode(list.map((one) => `data: ${JSON.stringify(one)}\n\n`).join(''));

describe('citations of web pages', () => {
  const part = (text: string, annotations: JsonObject[] = []): JsonObject => ({
    type: 'output_text',
    text,
    annotations,
  });
  const moved = { ...FLAT, start_index: 1, end_index: 4 };
  /** Two parts: in the second one places count anew. */
  const RESPONSE = {
    ...{ id: 'resp_1', created_at: 1, model: 'm', status: 'completed' },
    output: [{ type: 'message', content: [part('Five '), part('see it.', [moved])] }],
  };

  test('go from Responses to Chat Completions, whole and streamed', () => {
    const whole = openaiResponses.decodeResponse(RESPONSE);
    expect(openaiChat.encodeResponse(whole, CTX)).toMatchObject({
      choices: [{ message: { content: 'Five see it.', annotations: [NESTED] } }],
    });
    expect(openaiChat.lost(whole)).toEqual([]);
    const at = (content_index: number): JsonObject => ({ output_index: 0, content_index });
    const events = decodeStream(openaiResponses, [
      frames([
        { type: 'response.created', response: RESPONSE },
        { type: 'response.content_part.added', ...at(0) },
        { type: 'response.output_text.delta', ...at(0), delta: 'Five ' },
        { type: 'response.content_part.done', ...at(0), part: part('Five ') },
        { type: 'response.content_part.added', ...at(1) },
        { type: 'response.output_text.delta', ...at(1), delta: 'see it.' },
        { type: 'response.output_text.annotation.added', ...at(1), annotation_index: 0, annotation: moved },
        { type: 'response.content_part.done', ...at(1), part: part('see it.', [moved]) },
        { type: 'response.completed', response: RESPONSE },
      ]),
    ]);
    expect(JSON.stringify(payloads(encodeStream(openaiChat, events)))).toContain(JSON.stringify([NESTED]));
    expect(foldEvents(events).choices[0]?.parts).toEqual([{ type: 'text', text: 'Five see it.', annotations: [FLAT] }]);
    expect(openaiResponses.encodeResponse(whole, CTX)['output']).toMatchObject(RESPONSE.output);
  });

  test('go from Chat Completions to Responses, whole and streamed', () => {
    const whole = chatAnswer({ content: 'Five see it.', annotations: [NESTED] });
    const output = [{ type: 'message', content: [{ text: 'Five see it.', annotations: [FLAT] }] }];
    expect(openaiResponses.encodeResponse(whole, CTX)['output']).toMatchObject(output);
    const chunk = (delta: JsonObject, finish_reason: string | null = null): JsonObject => ({
      choices: [{ index: 0, delta, finish_reason }],
    });
    const events = decodeStream(openaiChat, [
      frames([
        chunk({ content: 'Five ' }),
        chunk({ content: 'see it.' }),
        chunk({ annotations: [NESTED] }),
        chunk({}, 'stop'),
      ]),
    ]);
    const told = payloads(encodeStream(openaiResponses, events)) as JsonObject[];
    expect(told.find((event) => event['type'] === 'response.output_text.annotation.added')).toMatchObject({
      ...{ output_index: 0, content_index: 0, annotation_index: 0, annotation: FLAT },
    });
    for (const type of ['response.content_part.done', 'response.output_item.done', 'response.completed']) {
      expect(JSON.stringify(told.find((event) => event['type'] === type))).toContain(JSON.stringify([FLAT]));
    }
    expect(told.at(-1)).toMatchObject({ response: { output } });
  });

  test('are told to be lost where there is no place for them', () => {
    const whole = chatAnswer({ content: 'Hi', annotations: [NESTED] });
    expect([anthropicMessages.lost(whole), ask.lost(whole)]).toEqual([['annotations'], ['annotations']]);
    const files = {
      ...RESPONSE,
      output: [{ type: 'message', content: [part('Hi', [{ type: 'file_citation', index: 0 }])] }],
    };
    expect(openaiChat.lost(openaiResponses.decodeResponse(files))).toEqual(['annotations']);
  });
});

test('an answer without any choice is the fault of the provider', () => {
  for (const choices of [[], [null], 'none']) {
    expect(() => openaiChat.decodeResponse({ choices })).toThrow(
      expect.objectContaining({ code: 'upstream_error', origin: 'remote' }),
    );
  }
});
