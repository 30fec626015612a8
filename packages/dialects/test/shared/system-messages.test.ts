import type { JsonObject } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import {
  anthropicMessages,
  ask,
  gemini,
  type IngressDialect,
  ollama,
  openaiChat,
  openaiResponses,
} from '../../src/index.ts';
import { translate } from './wire.ts';

const CHAT = [
  { role: 'system', content: 'A' },
  { role: 'developer', content: 'B' },
  { role: 'user', content: 'Hi' },
  { role: 'assistant', content: 'Hello.' },
  { role: 'system', content: 'C' },
  { role: 'user', content: 'Go on' },
];

/** The same conversation in the words of each client. */
const CLIENTS: [string, IngressDialect, JsonObject][] = [
  ['openai-chat', openaiChat, { model: 'm', messages: CHAT }],
  ['ask', ask, { model: 'm', messages: CHAT }],
  ['openai-responses', openaiResponses, { model: 'm', input: CHAT, store: false }],
  ['anthropic-messages', anthropicMessages, { model: 'm', max_tokens: 9, system: 'A\n\nB', messages: CHAT.slice(2) }],
];

describe.each(CLIENTS)('a system message within the conversation: %s client', (id, client, body) => {
  test('keeps its place at Chat Completions, Ollama and ask', () => {
    for (const provider of [openaiChat, ollama, ask]) {
      const { body: sent, ignored } = translate(client, provider, body);
      expect((sent['messages'] as JsonObject[]).map((m) => [m['role'], m['content']])).toEqual([
        ['system', 'A\n\nB'],
        ['user', 'Hi'],
        ['assistant', 'Hello.'],
        ['system', 'C'],
        ['user', 'Go on'],
      ]);
      expect(ignored).toEqual([]);
    }
  });

  test('keeps its place at Responses', () => {
    const { body: sent, ignored } = translate(client, openaiResponses, body);
    expect(sent['instructions']).toBe('A\n\nB');
    expect(sent['input']).toMatchObject([
      { role: 'user' },
      { role: 'assistant' },
      { type: 'message', role: 'system', content: [{ type: 'input_text', text: 'C' }] },
      { role: 'user' },
    ]);
    expect(ignored).toEqual(id === 'anthropic-messages' ? ['max_output_tokens'] : []);
  });

  test('joins the system text of Gemini, and that is told', () => {
    const { body: sent, ignored } = translate(client, gemini, body);
    expect(JSON.stringify(sent['systemInstruction'])).toContain('"C"');
    expect((sent['contents'] as JsonObject[]).map((c) => c['role'])).toEqual(['user', 'model', 'user']);
    expect(ignored).toEqual(['system_position']);
  });

  test('joins the system text of Anthropic, and that is told; its own client knows what it does', () => {
    const { body: sent, ignored } = translate(client, anthropicMessages, body);
    const roles = (sent['messages'] as JsonObject[]).map((m) => m['role']);
    if (id === 'anthropic-messages') {
      expect(roles).toEqual(['user', 'assistant', 'system', 'user']);
      expect(ignored).toEqual([]);
    } else {
      expect(roles).toEqual(['user', 'assistant', 'user']);
      expect(JSON.stringify(sent['system'])).toContain('"C"');
      expect(ignored).toEqual(['system_position']);
    }
  });
});
