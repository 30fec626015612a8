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
} from '../openapi/fragment.ts';

const STATUS = enums(['in_progress', 'completed', 'incomplete']);

/** OpenAI Responses, stateless. */
export const responsesFragment: OpenApiFragment = {
  tags: [{ name: 'responses', description: "OpenAI's Responses shape, without stored state." }],
  paths: {
    '/v1/responses': {
      post: operation({
        id: 'createResponse',
        tag: 'responses',
        summary: 'Answer a list of items (Responses).',
        description:
          'Nothing is stored: `previous_response_id`, `conversation`, `background: true` and item references are errors, and `store` has no effect.',
        request: { schema: 'ResponsesRequest', example: { model: 'auto', input: 'Say hello.', store: false } },
        answer: 'ResponsesAnswer',
        event: 'ResponsesEvent',
        error: 'OpenAiError',
        is_call: true,
      }),
    },
  },
  schemas: {
    ResponsesRequest: object(
      {
        model: str('Model id, agent id, `policy:<id>` or `auto`.'),
        input: oneOf([str(), list(ref('ResponsesInputItem'), undefined, { minItems: 1 })]),
        instructions: orNull(str('Put before the system text of `input`.')),
        stream: orNull(bool()),
        tools: orNull(list(ref('ResponsesTool'))),
        tool_choice: orNull(
          oneOf([
            enums(['auto', 'none', 'required']),
            tagged('function', { name: str() }, ['name']),
            tagged('allowed_tools', { mode: enums(['auto', 'required', 'none']), tools: list(anyObject()) }, ['tools']),
            anyObject('A choice of a hosted tool: for providers of the same shape only.'),
          ]),
        ),
        parallel_tool_calls: orNull(bool()),
        max_output_tokens: orNull(int('Limit of the answer, reasoning included.', { minimum: 1 })),
        temperature: orNull(num()),
        top_p: orNull(num()),
        top_logprobs: orNull(int(undefined, { minimum: 0, maximum: 20 })),
        include: orNull(list(str())),
        text: orNull(object({ format: ref('ResponsesFormat'), verbosity: orNull(str()) })),
        reasoning: orNull(
          object({
            effort: orNull(enums(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'])),
            summary: orNull(str('`auto`, `concise` or `detailed`.')),
          }),
        ),
        metadata: orNull(anyObject('A hint.')),
        user: orNull(str('End-user id: a hint.')),
        safety_identifier: orNull(str('A hint.')),
        prompt_cache_key: orNull(str('A hint.')),
        service_tier: orNull(str()),
        store: orNull(bool('No effect: nothing is stored.')),
      },
      ['model', 'input'],
      'Fields that are not named here pass to a provider of the same shape and are ignored by others.',
    ),
    ResponsesInputItem: oneOf(
      [
        object(
          {
            type: { const: 'message' },
            role: enums(['user', 'assistant', 'system', 'developer']),
            content: oneOf([str(), list(ref('ResponsesPart'))]),
          },
          ['role', 'content'],
        ),
        tagged('function_call', { call_id: str(), name: str(), arguments: str() }, ['call_id', 'name', 'arguments']),
        tagged('function_call_output', { call_id: str(), output: oneOf([str(), list(ref('ResponsesPart'))]) }, [
          'call_id',
          'output',
        ]),
        tagged('reasoning', { id: orNull(str()), summary: list(anyObject()), encrypted_content: orNull(str()) }),
        anyObject('Items of hosted tools: they pass to a provider of the same shape only.'),
      ],
      'One item of the conversation.',
    ),
    ResponsesPart: oneOf([
      tagged('input_text', { text: str() }, ['text']),
      tagged('output_text', { text: str() }, ['text']),
      tagged('refusal', { refusal: str() }, ['refusal']),
      tagged('input_image', { image_url: orNull(str('An URL or a base64 data URL.')), detail: orNull(str()) }),
      tagged('input_file', { filename: orNull(str()), file_data: orNull(str()), file_url: orNull(str()) }),
      anyObject(),
    ]),
    ResponsesTool: oneOf([
      tagged(
        'function',
        {
          name: str(),
          description: orNull(str()),
          parameters: orNull(anyObject('JSON Schema of the arguments.')),
          strict: orNull(bool()),
        },
        ['name'],
      ),
      object({ type: str() }, ['type'], 'A hosted tool: for providers of the same shape only.'),
    ]),
    ResponsesFormat: oneOf([
      tagged('text', {}),
      tagged('json_object', {}),
      tagged('json_schema', { name: str(), description: orNull(str()), schema: anyObject(), strict: orNull(bool()) }, [
        'name',
        'schema',
      ]),
    ]),
    ResponsesAnswer: object(
      {
        id: str(),
        object: { const: 'response' },
        created_at: int('Unix seconds.'),
        status: enums(['in_progress', 'completed', 'incomplete', 'failed']),
        error: orNull(object({ code: str(), message: str() }, ['code', 'message'])),
        incomplete_details: orNull(object({ reason: str() })),
        model: str(),
        output: list(ref('ResponsesOutputItem')),
        usage: orNull(ref('ResponsesUsage')),
        store: { const: false },
        atp: { ...ref('AtpField'), description: 'On the closing event of a stream only; a whole answer has headers.' },
      },
      ['id', 'object', 'created_at', 'status', 'error', 'incomplete_details', 'model', 'output', 'usage'],
      'Also repeats the settings of the request.',
    ),
    ResponsesOutputItem: oneOf([
      tagged(
        'message',
        {
          id: str(),
          status: STATUS,
          role: { const: 'assistant' },
          content: list(
            oneOf([
              tagged(
                'output_text',
                { text: str(), annotations: list(anyObject()), logprobs: list(ref('TokenLogprob')) },
                ['text', 'annotations'],
              ),
              tagged('refusal', { refusal: str() }, ['refusal']),
            ]),
          ),
        },
        ['id', 'status', 'role', 'content'],
      ),
      tagged('function_call', { id: str(), status: STATUS, call_id: str(), name: str(), arguments: str() }, [
        'call_id',
        'name',
        'arguments',
      ]),
      tagged(
        'reasoning',
        { id: str(), summary: list(tagged('summary_text', { text: str() }, ['text'])), encrypted_content: str() },
        ['id', 'summary'],
      ),
      object({ type: str() }, ['type'], 'A block of a hosted tool.'),
    ]),
    ResponsesUsage: object(
      {
        input_tokens: int(),
        input_tokens_details: object({ cached_tokens: int(), cache_write_tokens: int() }),
        output_tokens: int(),
        output_tokens_details: object({ reasoning_tokens: int() }),
        total_tokens: int(),
      },
      ['input_tokens', 'output_tokens', 'total_tokens'],
    ),
    ResponsesEvent: object(
      {
        type: str(
          '`response.created`, `response.output_item.added`, `response.output_text.delta`, `response.function_call_arguments.delta`, `response.reasoning_summary_text.delta`, …, `response.completed`, `response.incomplete`, `response.failed` or `error`.',
        ),
        sequence_number: int(),
        response: ref('ResponsesAnswer'),
        item: ref('ResponsesOutputItem'),
        item_id: str(),
        output_index: int(),
        content_index: int(),
        summary_index: int(),
        part: anyObject(),
        delta: str(),
        error: anyObject(),
      },
      ['type', 'sequence_number'],
      'The data of one named event. The closing event carries the whole answer with `atp`.',
    ),
  },
};
