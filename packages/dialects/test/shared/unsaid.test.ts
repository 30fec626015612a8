import type { JsonObject } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import {
  anthropicMessages,
  ask,
  type Dialect,
  gemini,
  type IngressDialect,
  ollama,
  openaiChat,
  openaiResponses,
} from '../../src/index.ts';
import { context } from './wire.ts';

const ALL = [openaiChat, openaiResponses, anthropicMessages, gemini, ollama];
const FN = { type: 'function', function: { name: 'f', parameters: { type: 'object' } } };
const CUSTOM = { type: 'custom', custom: { name: 'c' } };
const file = { type: 'file', file: { file_id: 'file-1' } };

/** The client's own path, the fields that an operator may name to drop it, and the request. */
type Case = readonly [path: string, more: JsonObject];

const CHAT: readonly Case[] = [
  ['tools[0]', { tools: [CUSTOM] }],
  ['tools[1]', { tools: [FN, CUSTOM] }],
  ['web_search_options', { web_search_options: {} }],
  ['tool_choice', { tools: [FN], tool_choice: { type: 'custom', custom: { name: 'c' } } }],
  [
    'messages[0].content[1].file.file_id',
    { messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }, file] }] },
  ],
  ['functions', { functions: [{ name: 'f', parameters: {} }] }],
  ['function_call', { function_call: 'auto' }],
  ['modalities', { modalities: ['text', 'audio'] }],
  ['audio', { audio: { voice: 'alloy', format: 'mp3' } }],
];

const MESSAGES: readonly Case[] = [
  ['tools[0]', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }],
  ['mcp_servers', { mcp_servers: [{ type: 'url', url: 'https://x/mcp', name: 'x' }] }],
  ['container', { container: 'container_1' }],
  [
    'messages[0].content[1]',
    {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Hi' },
            { type: 'container_upload', file_id: 'f' },
          ],
        },
      ],
    },
  ],
];

function read(ingress: IngressDialect, more: JsonObject): ReturnType<IngressDialect['decodeRequest']> {
  if (ingress === openaiResponses) return ingress.decodeRequest({ model: 'm', input: 'Hi', store: false, ...more });
  return ingress.decodeRequest({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 9_000, ...more });
}

describe.each([
  ['openai-chat', openaiChat, CHAT],
  ['anthropic-messages', anthropicMessages, MESSAGES],
] satisfies [string, Dialect, readonly Case[]][])('what %s clients alone can say', (_id, ingress, cases) => {
  const others = ALL.filter((dialect) => dialect !== ingress);

  test.each(cases)('%s is refused by name, where another provider may still do', (path, more) => {
    const request = read(ingress, more);
    for (const dialect of others) {
      expect(() => dialect.encodeRequest(request, context())).toThrow(
        expect.objectContaining({ code: 'untranslatable', param: path }),
      );
    }
  });

  test.each(cases)(
    '%s is dropped where the operator says so: by its path or by the field that holds it',
    (path, more) => {
      const request = read(ingress, more);
      for (const dialect of others) {
        for (const name of [path, path.replace(/[.[].*$/, '')]) {
          const { ignored } = dialect.encodeRequest(request, context({ drop: (field) => field === name }));
          expect(ignored).toEqual([path]);
        }
      }
    },
  );
});

describe('a provider of the same shape, where the body had to be read', () => {
  test('gets what it knows', () => {
    const more = {
      messages: [{ role: 'user', content: [file] }],
      ...{ tools: [FN, { type: 'builtin', name: 'b' }], tool_choice: { type: 'custom', custom: { name: 'c' } } },
    };
    const { body, ignored } = openaiChat.encodeRequest(read(openaiChat, { ...more, modalities: ['text'] }), context());
    expect(body).toMatchObject({ ...more, modalities: ['text'] });
    expect(ignored).toEqual([]);
  });

  test.each(['functions', 'function_call', 'tools[0]'])(
    'is not asked for answers that nobody could read (%s)',
    (path) => {
      const [, more] = CHAT.find(([one]) => one === path) ?? ['', {}];
      expect(() => openaiChat.encodeRequest(read(openaiChat, more), context())).toThrow(
        expect.objectContaining({ code: 'untranslatable', param: path }),
      );
    },
  );
});

describe('allowed tools of Chat Completions', () => {
  const other = { type: 'function', function: { name: 'g', parameters: { type: 'object' } } };
  const allowed = (mode: string, tools: JsonObject[]): JsonObject => ({
    tool_choice: { type: 'allowed_tools', allowed_tools: { mode, tools } },
  });

  test('are the only ones that are sent', () => {
    const more = {
      tools: [FN, other, CUSTOM],
      ...allowed('required', [{ type: 'function', function: { name: 'g' } }]),
    };
    for (const ingress of [openaiChat, ask]) {
      const request = ingress.decodeRequest({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], ...more });
      const { body } = anthropicMessages.encodeRequest(request, context());
      expect(body).toMatchObject({ tools: [{ name: 'g' }], tool_choice: { type: 'any' } });
    }
  });

  test('may be custom ones, which are then refused as such', () => {
    const more = { tools: [FN, CUSTOM], ...allowed('auto', [CUSTOM]) };
    expect(() => anthropicMessages.encodeRequest(read(openaiChat, more), context())).toThrow(
      expect.objectContaining({ code: 'untranslatable', param: 'tools[1]' }),
    );
  });
});

test('calls from the days of functions are calls, and their results answer them', () => {
  const request = read(openaiChat, {
    messages: [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{"a":1}' } },
      { role: 'function', name: 'f', content: 'one' },
    ],
  });
  expect(anthropicMessages.encodeRequest(request, context()).body['messages']).toEqual([
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'call_of_messages_1_', name: 'f', input: { a: 1 } }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_of_messages_1_', content: 'one' }] },
  ]);
});

describe('values that say nothing pass in silence', () => {
  test.each<[IngressDialect, JsonObject]>([
    [openaiChat, { modalities: ['text'], audio: null, functions: null }],
    [anthropicMessages, { mcp_servers: [], container: null }],
  ])('%#', (ingress, more) => {
    expect(gemini.encodeRequest(read(ingress, more), context()).ignored).toEqual([]);
  });
});

describe('what has no effect is told, and nothing else', () => {
  const reason = { effort: 'low', summary: 'auto' };
  const doc = { type: 'document', title: 'T', source: { type: 'text', media_type: 'text/plain', data: 'D' } };
  const spoken = [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: null, audio: { id: 'audio_1' } },
    { role: 'user', content: 'Go on' },
  ];
  test.each<[string, IngressDialect, JsonObject, Record<string, readonly string[]>]>([
    [
      'summary',
      openaiResponses,
      { max_output_tokens: 9_000, reasoning: reason },
      { 'anthropic-messages': [], gemini: [], ollama: [], 'openai-chat': ['reasoning'] },
    ],
    [
      'a summary without thinking',
      openaiResponses,
      { reasoning: { summary: 'auto' } },
      { 'anthropic-messages': ['reasoning'], gemini: [], 'openai-chat': ['reasoning'] },
    ],
    [
      'adaptive',
      anthropicMessages,
      { thinking: { type: 'adaptive' } },
      { 'openai-chat': ['thinking'], 'openai-responses': ['thinking'], gemini: [], ollama: [] },
    ],
    [
      'adaptive with an effort',
      anthropicMessages,
      { thinking: { type: 'adaptive' }, output_config: { effort: 'low' } },
      { 'openai-chat': [], 'openai-responses': [] },
    ],
    [
      'title',
      anthropicMessages,
      { messages: [{ role: 'user', content: [doc] }] },
      { 'openai-chat': ['title'], 'openai-responses': ['title'], gemini: ['title'], ollama: ['title'] },
    ],
    [
      'spoken',
      openaiChat,
      { messages: spoken },
      {
        'openai-responses': ['messages[1].audio'],
        'anthropic-messages': ['messages[1].audio'],
        gemini: ['messages[1].audio'],
        ollama: ['messages[1].audio'],
        'openai-chat': [],
      },
    ],
    [
      'shared',
      openaiChat,
      { verbosity: 'low', prompt_cache_key: 'k', safety_identifier: 's' },
      { 'openai-responses': [], gemini: ['verbosity', 'prompt_cache_key', 'safety_identifier'] },
    ],
    [
      'shared',
      openaiResponses,
      { text: { verbosity: 'low' }, prompt_cache_key: 'k', safety_identifier: 's' },
      { 'openai-chat': [], gemini: ['prompt_cache_key', 'safety_identifier', 'text'] },
    ],
  ])('%s', (_name, ingress, more, expected) => {
    const request = read(ingress, more);
    const told = Object.keys(expected).map((id) => {
      const dialect = ALL.find((one) => one.id === id) ?? openaiChat;
      return [id, dialect.encodeRequest(request, context({ upstream_model: 'claude-sonnet-4-5' })).ignored];
    });
    expect(Object.fromEntries(told)).toEqual(expected);
  });
});

describe('fields that OpenAI’s two shapes share', () => {
  const chat = { verbosity: 'low', prompt_cache_key: 'k', safety_identifier: 's' };
  const responses = { text: { verbosity: 'low' }, prompt_cache_key: 'k', safety_identifier: 's' };

  test('go from one to the other', () => {
    expect(openaiResponses.encodeRequest(read(openaiChat, chat), context()).body).toMatchObject(responses);
    const request = openaiResponses.decodeRequest({ model: 'm', input: 'Hi', ...responses });
    expect(openaiChat.encodeRequest(request, context()).body).toMatchObject(chat);
  });

  test('are kept from compatible servers, which may refuse what only OpenAI has', () => {
    const request = openaiResponses.decodeRequest({ model: 'm', input: 'Hi', store: false, ...responses });
    const endpoint = { is_openai: false, max_tokens_field: 'max_tokens' } as const;
    const { body, ignored } = openaiChat.encodeRequest(request, context({ endpoint }));
    expect(body).toEqual({ model: expect.any(String) as string, messages: [{ role: 'user', content: 'Hi' }] });
    expect([...ignored].sort()).toEqual(['prompt_cache_key', 'safety_identifier', 'text']);
  });
});
