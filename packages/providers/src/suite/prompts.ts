import type { GenRequest, Message, ResponseFormat, Tool } from '@atp-router/dialects';

const user = (text: string): Message => ({ role: 'user', parts: [{ type: 'text', text }] });

/** The prompts of the suite, fixed so that scripted exchanges can be recorded for them. */
export const PLAIN: Partial<GenRequest> = {
  system: [{ type: 'text', text: 'You are terse.' }],
  messages: [user('Reply with the single word: pong')],
};

export const LONG: Partial<GenRequest> = { messages: [user('Write a long story about the sea.')] };

export const WEATHER: Tool = {
  name: 'get_weather',
  description: 'Current weather in a city.',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string', description: 'Name of the city.' } },
    required: ['city'],
    additionalProperties: false,
  },
};

export const WEATHER_QUESTION: Message = user(
  'What is the weather in Paris and in Rome? Use get_weather for each of them.',
);

export const PERSON: ResponseFormat = {
  type: 'json_schema',
  name: 'person',
  schema: {
    type: 'object',
    properties: { name: { type: 'string' }, age: { type: 'integer' } },
    required: ['name', 'age'],
    additionalProperties: false,
  },
  strict: true,
};

export const JSON_QUESTION: Partial<GenRequest> = {
  messages: [user('Give me a person with name and age, as JSON.')],
  response_format: PERSON,
};

export const EMBED_INPUTS: readonly string[] = ['The cat sits on the mat.', 'Stocks fell on Monday.'];
