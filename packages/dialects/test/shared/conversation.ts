import type { JsonObject } from '@atp-router/kernel';

export const SCHEMA: JsonObject = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};

/** One conversation with everything that both shapes can say, in the words of each. */
export const OPENAI: JsonObject = {
  model: 'small',
  messages: [
    { role: 'system', content: 'Be brief.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Where is this?' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0=' } },
        { type: 'image_url', image_url: { url: 'https://example.com/a.jpg' } },
      ],
    },
    {
      role: 'assistant',
      content: 'Let me look.',
      tool_calls: [
        { id: 'call_a', type: 'function', function: { name: 'find', arguments: '{"city":"Paris"}' } },
        { id: 'call_b', type: 'function', function: { name: 'time', arguments: '{}' } },
      ],
    },
    { role: 'tool', tool_call_id: 'call_a', content: 'found' },
    { role: 'tool', tool_call_id: 'call_b', content: 'noon' },
    { role: 'user', content: 'So?' },
  ],
  tools: [
    { type: 'function', function: { name: 'find', description: 'Finds.', parameters: SCHEMA, strict: true } },
    { type: 'function', function: { name: 'time', parameters: { type: 'object', properties: {} } } },
  ],
  tool_choice: 'required',
  parallel_tool_calls: false,
  max_completion_tokens: 500,
  temperature: 0.5,
  top_p: 0.9,
  stop: ['END'],
  user: 'u1',
  response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: SCHEMA, strict: true } },
};

export const ANTHROPIC: JsonObject = {
  model: 'claude-opus-5',
  max_tokens: 500,
  system: 'Be brief.',
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Where is this?' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0=' } },
        { type: 'image', source: { type: 'url', url: 'https://example.com/a.jpg' } },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'Let me look.' },
        { type: 'tool_use', id: 'call_a', name: 'find', input: { city: 'Paris' } },
        { type: 'tool_use', id: 'call_b', name: 'time', input: {} },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'call_a', content: 'found' },
        { type: 'tool_result', tool_use_id: 'call_b', content: 'noon' },
        { type: 'text', text: 'So?' },
      ],
    },
  ],
  tools: [
    { name: 'find', description: 'Finds.', input_schema: SCHEMA, strict: true },
    { name: 'time', input_schema: { type: 'object', properties: {} } },
  ],
  tool_choice: { type: 'any', disable_parallel_tool_use: true },
  temperature: 0.5,
  top_p: 0.9,
  stop_sequences: ['END'],
  metadata: { user_id: 'u1' },
  output_config: { format: { type: 'json_schema', schema: SCHEMA } },
};
