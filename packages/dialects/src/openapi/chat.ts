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

const EFFORT = enums(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']);
const FINISH = enums(['stop', 'length', 'tool_calls', 'content_filter']);

/** OpenAI Chat Completions and the list of models. */
export const chatFragment: OpenApiFragment = {
  tags: [{ name: 'chat', description: "OpenAI's Chat Completions shape." }],
  paths: {
    '/v1/chat/completions': {
      post: operation({
        id: 'createChatCompletion',
        tag: 'chat',
        summary: 'Answer a conversation (Chat Completions).',
        request: {
          schema: 'ChatRequest',
          example: { model: 'auto', messages: [{ role: 'user', content: 'Say hello.' }] },
        },
        answer: 'ChatCompletion',
        event: 'ChatChunk',
        error: 'OpenAiError',
        is_call: true,
      }),
    },
    '/v1/models': {
      get: operation({
        id: 'listModels',
        tag: 'chat',
        summary: 'What this key may name as a model: models, agents that are connected, agents, policies, and auto.',
        answer: 'ModelList',
        error: 'OpenAiError',
        is_call: false,
      }),
    },
    '/v1/models/{id}': {
      get: {
        ...operation({
          id: 'getModel',
          tag: 'chat',
          summary: 'One of the models that this key may name.',
          answer: 'ModelObject',
          error: 'OpenAiError',
          is_call: false,
        }),
        parameters: [{ name: 'id', in: 'path', required: true, schema: str('A slash in it is written `%2F`.') }],
      },
    },
  },
  schemas: {
    ChatRequest: object(
      {
        model: str('Model id, agent id, `policy:<id>` or `auto`.'),
        messages: list(ref('ChatMessage'), undefined, { minItems: 1 }),
        stream: orNull(bool()),
        stream_options: orNull(object({ include_usage: bool('Send a last chunk with the usage.') })),
        tools: list(ref('ChatTool')),
        tool_choice: oneOf([
          enums(['auto', 'none', 'required']),
          tagged('function', { function: object({ name: str() }, ['name']) }, ['function']),
        ]),
        parallel_tool_calls: bool(),
        max_completion_tokens: orNull(int('Limit of the answer, reasoning included.', { minimum: 1 })),
        max_tokens: orNull(int('Older name of `max_completion_tokens`.', { minimum: 1 })),
        temperature: orNull(num()),
        top_p: orNull(num()),
        stop: orNull(oneOf([str(), list(str())])),
        seed: orNull(int()),
        n: orNull(int('Number of alternatives.', { minimum: 1, maximum: 128 })),
        frequency_penalty: orNull(num()),
        presence_penalty: orNull(num()),
        logit_bias: orNull(anyObject()),
        logprobs: orNull(bool()),
        top_logprobs: orNull(int(undefined, { minimum: 0, maximum: 20 })),
        response_format: ref('ChatResponseFormat'),
        reasoning_effort: orNull(EFFORT),
        user: str('End-user id: a hint.'),
        metadata: orNull(anyObject('A hint.')),
        service_tier: orNull(str()),
      },
      ['model', 'messages'],
      'Fields that are not named here pass to a provider of the same shape and are ignored by others.',
    ),
    ChatMessage: object(
      {
        role: enums(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
        content: orNull(oneOf([str(), list(ref('ChatPart'))])),
        name: str(),
        refusal: orNull(str()),
        reasoning_content: str('Thinking, in answers only.'),
        tool_calls: list(ref('ChatToolCall')),
        tool_call_id: str('The call that a `tool` message answers.'),
      },
      ['role'],
    ),
    ChatPart: oneOf([
      tagged('text', { text: str() }, ['text']),
      tagged('image_url', { image_url: object({ url: str('An URL or a base64 data URL.'), detail: str() }, ['url']) }, [
        'image_url',
      ]),
      tagged('input_audio', { input_audio: object({ data: str(), format: str() }, ['data', 'format']) }, [
        'input_audio',
      ]),
      tagged('file', { file: object({ filename: str(), file_data: str('A base64 data URL.'), file_id: str() }) }, [
        'file',
      ]),
      tagged('refusal', { refusal: str() }, ['refusal']),
    ]),
    ChatTool: object({ type: str(undefined, { default: 'function' }), function: ref('FunctionSpec') }, ['type']),
    ChatToolCall: object(
      {
        index: int('Position among the calls, in streams.'),
        id: str(),
        type: { const: 'function' },
        function: object({ name: str(), arguments: str('JSON as the model wrote it.') }),
      },
      ['function'],
    ),
    ChatCompletion: object(
      {
        id: str(),
        object: { const: 'chat.completion' },
        created: int('Unix seconds.'),
        model: str(),
        choices: list(
          object(
            {
              index: int(),
              message: ref('ChatMessage'),
              finish_reason: FINISH,
              logprobs: orNull(object({ content: orNull(list(ref('TokenLogprob'))) })),
            },
            ['index', 'message', 'finish_reason'],
          ),
        ),
        usage: ref('ChatUsage'),
      },
      ['id', 'object', 'created', 'model', 'choices'],
    ),
    ChatChunk: object(
      {
        id: str(),
        object: { const: 'chat.completion.chunk' },
        created: int(),
        model: str(),
        choices: list(
          object(
            {
              index: int(),
              delta: object({
                role: str(),
                content: orNull(str()),
                refusal: orNull(str()),
                reasoning_content: str(),
                tool_calls: list(ref('ChatToolCall')),
              }),
              finish_reason: orNull(FINISH),
              logprobs: orNull(anyObject()),
            },
            ['index', 'delta'],
          ),
        ),
        usage: orNull(ref('ChatUsage')),
        atp: ref('AtpField'),
      },
      ['id', 'object', 'choices'],
      'The data of one event. The stream ends with `data: [DONE]`; an error inside it is an event with `error`.',
    ),
    ChatUsage: object(
      {
        prompt_tokens: int(),
        completion_tokens: int(),
        total_tokens: int(),
        prompt_tokens_details: object({ cached_tokens: int(), cache_write_tokens: int() }),
        completion_tokens_details: object({ reasoning_tokens: int() }),
      },
      ['prompt_tokens', 'completion_tokens', 'total_tokens'],
    ),
    ModelList: object({ object: { const: 'list' }, data: list(ref('ModelObject')) }, ['object', 'data']),
    ModelObject: object(
      {
        id: str(),
        object: { const: 'model' },
        created: int(),
        owned_by: str(),
        type: { const: 'model' },
        display_name: str('The id, for clients that know models by the fields of Anthropic.'),
        created_at: str(),
        atp: object(
          { kind: enums(['model', 'connected_agent', 'agent', 'policy', 'auto']) },
          ['kind'],
          'What the router knows of it.',
        ),
      },
      ['id', 'object', 'created', 'owned_by', 'type', 'display_name', 'created_at'],
    ),
  },
};
