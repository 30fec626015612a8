import type { CallRequest } from '../engine/request.ts';

/** What an endpoint makes of a body: everything of a `CallRequest` that depends on the API shape. */
export type Operation = Pick<
  CallRequest,
  'kind' | 'model' | 'stream' | 'needs' | 'choices' | 'max_output_tokens' | 'prompt' | 'prepare'
>;
