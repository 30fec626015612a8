import {
  anyObject,
  bool,
  enums,
  int,
  list,
  num,
  object,
  type OpenApiFragment,
  oneOf,
  operation,
  orNull,
  ref,
  str,
  tagged,
} from './fragment.ts';
import { ERROR_CODE_SCHEMA, ERROR_ORIGIN_SCHEMA } from './shared.ts';

const CACHE = { cache_control: orNull(object({ type: { const: 'ephemeral' }, ttl: str() }, ['type'])) };
const PROMPT = {
  model: str('Model id, agent id, `policy:<id>` or `auto`.'),
  messages: list(ref('MessagesTurn'), undefined, { minItems: 1 }),
  system: oneOf([str(), list(ref('MessagesTextBlock'))]),
  tools: list(ref('MessagesTool')),
  tool_choice: object(
    { type: enums(['auto', 'any', 'tool', 'none']), name: str(), disable_parallel_tool_use: bool() },
    ['type'],
  ),
  thinking: object({
    type: str('`enabled`, `disabled` or `adaptive`.'),
    budget_tokens: int(undefined, { minimum: 1 }),
  }),
};

/** Anthropic Messages. */
export const messagesFragment: OpenApiFragment = {
  tags: [{ name: 'messages', description: "Anthropic's Messages shape." }],
  paths: {
    '/v1/messages': {
      post: operation({
        id: 'createMessage',
        tag: 'messages',
        summary: 'Answer a conversation (Messages).',
        request: {
          schema: 'MessagesRequest',
          example: { model: 'auto', max_tokens: 256, messages: [{ role: 'user', content: 'Say hello.' }] },
        },
        answer: 'MessagesAnswer',
        event: 'MessagesEvent',
        error: 'MessagesError',
        is_call: true,
      }),
    },
    '/v1/messages/count_tokens': {
      post: operation({
        id: 'countMessageTokens',
        tag: 'messages',
        summary: 'Count the tokens of a prompt without sending it to a model. Free.',
        request: { schema: 'MessagesCountRequest' },
        answer: 'MessagesCount',
        error: 'MessagesError',
        is_call: false,
      }),
    },
  },
  schemas: {
    MessagesRequest: object(
      {
        ...PROMPT,
        max_tokens: int('Limit of the answer, thinking included.', { minimum: 1 }),
        stream: bool(),
        temperature: num(),
        top_p: num(),
        top_k: int(),
        stop_sequences: list(str()),
        metadata: object({ user_id: orNull(str('End-user id: a hint.')) }),
        service_tier: str(),
        output_config: anyObject('Effort and format of the answer.'),
      },
      ['model', 'messages', 'max_tokens'],
      'Fields that are not named here pass to a provider of the same shape and are ignored by others.',
    ),
    MessagesCountRequest: object(PROMPT, ['model', 'messages']),
    MessagesCount: object({ input_tokens: int() }, ['input_tokens']),
    MessagesTurn: object(
      { role: enums(['user', 'assistant', 'system']), content: oneOf([str(), list(ref('MessagesBlock'))]) },
      ['role', 'content'],
    ),
    MessagesTextBlock: tagged('text', { text: str(), ...CACHE }, ['text']),
    MessagesBlock: oneOf(
      [
        ref('MessagesTextBlock'),
        tagged('image', { source: ref('MessagesSource'), ...CACHE }, ['source']),
        tagged('document', { source: ref('MessagesSource'), title: orNull(str()), ...CACHE }, ['source']),
        tagged('tool_use', { id: str(), name: str(), input: anyObject(), ...CACHE }, ['id', 'name', 'input']),
        tagged(
          'tool_result',
          {
            tool_use_id: str(),
            content: oneOf([str(), list(anyObject('A text, image or document block.'))]),
            is_error: bool(),
            ...CACHE,
          },
          ['tool_use_id'],
        ),
        tagged('thinking', { thinking: str(), signature: str() }, ['thinking']),
        tagged('redacted_thinking', { data: str() }, ['data']),
        anyObject('Blocks of hosted tools: they pass to an Anthropic provider only.'),
      ],
      'One block of content.',
    ),
    MessagesSource: oneOf([
      tagged('base64', { media_type: str(), data: str() }, ['media_type', 'data']),
      tagged('url', { url: str() }, ['url']),
      tagged('text', { media_type: str(), data: str() }, ['data']),
      tagged('file', { file_id: str() }, ['file_id']),
      tagged('content', { content: oneOf([str(), list(anyObject())]) }, ['content']),
    ]),
    MessagesTool: object({
      name: str(),
      description: str(),
      input_schema: anyObject('JSON Schema of the input.'),
      type: str('`custom`, or the name of a hosted tool.'),
      strict: bool(),
      ...CACHE,
    }),
    MessagesAnswer: object(
      {
        id: str(),
        type: { const: 'message' },
        role: { const: 'assistant' },
        model: str(),
        content: list(ref('MessagesBlock')),
        stop_reason: orNull(
          enums(['end_turn', 'max_tokens', 'stop_sequence', 'tool_use', 'pause_turn', 'refusal'], 'Why it ended.'),
        ),
        stop_sequence: orNull(str()),
        usage: ref('MessagesUsage'),
      },
      ['id', 'type', 'role', 'model', 'content', 'stop_reason', 'usage'],
    ),
    MessagesUsage: object(
      {
        input_tokens: int('Neither read from nor written to a cache.'),
        cache_read_input_tokens: orNull(int()),
        cache_creation_input_tokens: orNull(int()),
        output_tokens: int('Thinking included.'),
      },
      ['input_tokens', 'output_tokens'],
    ),
    MessagesEvent: object(
      {
        type: str(
          '`message_start`, `content_block_start`, `content_block_delta`, `content_block_stop`, `message_delta`, `message_stop`, `ping` or `error`.',
        ),
        index: int(),
        message: anyObject(),
        content_block: anyObject(),
        delta: anyObject(),
        usage: anyObject(),
        error: anyObject(),
        atp: ref('AtpField'),
      },
      ['type'],
      'The data of one named event. The `message_delta` event carries `atp`.',
    ),
    MessagesError: object(
      {
        type: { const: 'error' },
        error: object(
          {
            type: str("Anthropic's family of the error."),
            message: str('What is wrong, where, and what to do.'),
            code: ERROR_CODE_SCHEMA,
            origin: ERROR_ORIGIN_SCHEMA,
            param: str(),
            retry_after_ms: int(),
          },
          ['type', 'message'],
        ),
        request_id: str(),
      },
      ['type', 'error'],
    ),
  },
};
