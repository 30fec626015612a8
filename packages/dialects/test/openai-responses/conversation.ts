import type { JsonObject } from '@atp-router/kernel';

export const WEATHER: JsonObject = {
  type: 'function',
  name: 'get_weather',
  description: 'Weather',
  parameters: { type: 'object' },
};

/** Two parallel calls with reasoning before and results after them. */
export const CONVERSATION: JsonObject = {
  model: 'small',
  instructions: 'Be brief.',
  input: [
    { role: 'developer', content: 'Answer in French.' },
    { role: 'user', content: [{ type: 'input_text', text: 'Weather?' }] },
    { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Ask.' }], encrypted_content: 'enc' },
    { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Let me look.', annotations: [] }] },
    { type: 'function_call', call_id: 'call_a', name: 'get_weather', arguments: '{"city":"Paris"}' },
    { type: 'function_call', call_id: 'call_b', name: 'get_weather', arguments: '{"city":"Rome"}' },
    { type: 'function_call_output', call_id: 'call_a', output: 'sunny' },
    {
      type: 'function_call_output',
      call_id: 'call_b',
      output: [
        { type: 'input_text', text: 'map:' },
        { type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'low' },
      ],
    },
    { role: 'user', content: 'Thanks' },
  ],
  tools: [WEATHER],
  store: false,
};
