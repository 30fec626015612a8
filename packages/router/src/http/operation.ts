import type { RoutingWishes } from '@atp-router/dialects';
import type { CallRequest } from '../engine/request.ts';

/** What an endpoint makes of a body: everything of a `CallRequest` that depends on the API shape. */
export interface Operation
  extends Pick<
    CallRequest,
    | 'kind'
    | 'model'
    | 'stream'
    | 'needs'
    | 'choices'
    | 'hosted_tools'
    | 'max_output_tokens'
    | 'prompt'
    | 'promptTexts'
    | 'prepare'
    | 'facet'
  > {
  /** What the body itself says of routing (`ask`); a header of the same meaning wins. */
  readonly wishes?: RoutingWishes;
}
