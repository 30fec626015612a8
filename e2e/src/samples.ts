import type { Answer } from './upstream/script.ts';

/** A function that clients declare in tests, in the fields that all shapes share. */
export const WEATHER: {
  readonly name: string;
  readonly description: string;
  readonly parameters: Record<string, unknown> & { type: 'object' };
} = {
  name: 'get_weather',
  description: 'Weather of a city.',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  },
};

/** Two calls of it at once, their arguments in pieces. */
export const TWO_CALLS: Answer = {
  choices: [
    {
      tools: [
        { id: 'call_a', name: 'get_weather', args: ['{"city"', ':"Paris"}'] },
        { id: 'call_b', name: 'get_weather', args: ['{"city":', '"Rome"}'] },
      ],
      finish: 'tool_calls',
    },
  ],
  usage: { in_tokens: 30, out_tokens: 20 },
};
