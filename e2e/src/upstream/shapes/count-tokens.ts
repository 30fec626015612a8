import type { Shape } from './shape.ts';

const PLAIN = {
  stream_type: 'application/json',
  wantsStream: (): boolean => false,
  frames: (): string[] => [],
  usageAt: (): number => 0,
} as const;

/** `POST /v1/messages/count_tokens` (Anthropic API reference). */
export const anthropicCountShape: Shape = {
  ...PLAIN,
  id: 'anthropic-count',
  owns: (path) => path === '/v1/messages/count_tokens',
  plain: (answer) => ({ input_tokens: answer.usage?.in_tokens ?? 0 }),
  error: (_status, message) => ({ type: 'error', error: { type: 'api_error', message } }),
};

/** `POST /responses/input_tokens` (OpenAI API reference). */
export const openaiCountShape: Shape = {
  ...PLAIN,
  id: 'openai-count',
  owns: (path) => path === '/responses/input_tokens',
  plain: (answer) => ({ object: 'response.input_tokens', input_tokens: answer.usage?.in_tokens ?? 0 }),
  error: (_status, message) => ({ error: { message, type: 'server_error', param: null, code: null } }),
};

/** `POST /v1beta/models/*:countTokens` (Gemini API reference). */
export const geminiCountShape: Shape = {
  ...PLAIN,
  id: 'gemini-count',
  owns: (path) => path.startsWith('/v1beta/') && path.endsWith(':countTokens'),
  plain: (answer) => ({ totalTokens: answer.usage?.in_tokens ?? 0 }),
  error: (status, message) => ({ error: { code: status, message, status: 'INTERNAL' } }),
};
