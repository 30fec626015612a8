import { anthropicMessages, ask, type IngressDialect, openaiChat, openaiResponses } from '@atp-router/dialects';

/** A shape in which clients may ask for an answer. */
export interface IngressShape {
  /** Its name in records, metrics and estimates. */
  readonly endpoint: string;
  readonly path: string;
  readonly dialect: IngressDialect;
}

/** Every shape in which an answer may be asked for. Routes, estimates and their description are made from this list. */
export const INGRESS_SHAPES: readonly IngressShape[] = [
  { endpoint: 'chat.completions', path: '/v1/chat/completions', dialect: openaiChat },
  { endpoint: 'messages', path: '/v1/messages', dialect: anthropicMessages },
  { endpoint: 'responses', path: '/v1/responses', dialect: openaiResponses },
  { endpoint: 'ask', path: '/v1/ask', dialect: ask },
];

export const EMBEDDINGS = { endpoint: 'embeddings', path: '/v1/embeddings' } as const;

/** The names of all endpoints whose requests are calls. */
export const CALL_ENDPOINTS: readonly string[] = [...INGRESS_SHAPES, EMBEDDINGS].map(({ endpoint }) => endpoint);

export const COUNT_TOKENS_PATH = '/v1/messages/count_tokens';

/** The shape in which whoever asks at a path reads errors; undefined where it has none of its own. */
export function shapeAt(path: string): IngressDialect | undefined {
  if (path === COUNT_TOKENS_PATH) return anthropicMessages;
  return INGRESS_SHAPES.find((shape) => shape.path === path)?.dialect;
}
