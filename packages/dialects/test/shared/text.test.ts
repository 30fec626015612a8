import { describe, expect, test } from 'vitest';
import { anthropicMessages, extractText, openaiChat } from '../../src/index.ts';
import { ANTHROPIC, OPENAI, SCHEMA } from './conversation.ts';

describe('text that a tokenizer has to count', () => {
  const expected = [
    'Be brief.',
    'Where is this?',
    'Let me look.',
    'find',
    '{"city":"Paris"}',
    'time',
    '{}',
    'found',
    'noon',
    'So?',
    'find',
    'Finds.',
    JSON.stringify(SCHEMA),
    'time',
    '{"type":"object","properties":{}}',
    'answer',
    JSON.stringify(SCHEMA),
  ];

  test('is the same in both shapes', () => {
    expect(extractText(openaiChat.decodeRequest(OPENAI))).toEqual(expected);
    expect(extractText(anthropicMessages.decodeRequest(ANTHROPIC))).toEqual(expected);
  });

  test('documents, refusals, hosted tools and foreign blocks count; media and thinking do not', () => {
    const request = anthropicMessages.decodeRequest({
      model: 'm',
      tools: [{ type: 'web_search_20250305', name: 'web_search' }],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'document', title: 'T', source: { type: 'text', media_type: 'text/plain', data: 'D' } },
            { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'AA==' } },
            { type: 'search_result', title: 't' },
          ],
        },
        { role: 'assistant', content: [{ type: 'thinking', thinking: 'hm', signature: 'S' }] },
      ],
    });
    expect(extractText(request)).toEqual([
      'T',
      'D',
      '{"type":"search_result","title":"t"}',
      '{"type":"web_search_20250305","name":"web_search"}',
    ]);
    expect(
      extractText(openaiChat.decodeRequest({ model: 'm', messages: [{ role: 'assistant', refusal: 'No.' }] })),
    ).toEqual(['No.']);
  });
});
