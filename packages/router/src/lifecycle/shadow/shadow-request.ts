import type { ModelEntry, RequestFacts } from '@atp-router/routing';
import type { Ambient } from '../../engine/ports.ts';
import type { CallRequest, ComparableRequest } from '../../engine/request.ts';
import { SHADOW_TENANT } from '../../generation/accounts.ts';
import { type OwnEnd, ownRequest } from '../own-request.ts';

/** As endpoint and key in the records of calls that the router asks of itself. */
const SHADOW = 'shadow';

/** The client's request as a call of its own that asks one shadow. */
export function shadowRequest(
  of: ComparableRequest,
  { id: model }: ModelEntry,
  facts: RequestFacts,
  ambient: Pick<Ambient, 'clock' | 'call_ids'>,
  onEnd: (call_id: string, end: OwnEnd) => void,
): CallRequest {
  const { facet, needs, prompt, max_output_tokens, promptTexts: texts } = of;
  const whole = { needs, prompt, max_output_tokens, texts, request: facet.request };
  const question = { tenant: SHADOW_TENANT, endpoint: SHADOW, model, why: { shadow: model }, ...whole };
  return ownRequest(of, question, facts, ambient, onEnd);
}
