import type { JsonObject } from '@atp-router/kernel';

/** Marks reasoning items that were made here from another provider's thinking: no provider knows these ids. */
const OWN_REASONING = 'rs_atp_';

/** A Response id as clients expect it, from the id of the call. */
export function responseId(id: string): string {
  return id.startsWith('resp_') ? id : `resp_${id}`;
}

/** Ids of output items: derived from the response and the position, so that a repeated answer repeats them. */
export function itemId(kind: 'message' | 'function_call' | 'reasoning', response_id: string, index: number): string {
  const stem = response_id.startsWith('resp_') ? response_id.slice(5) : response_id;
  const prefix = kind === 'message' ? 'msg_' : kind === 'function_call' ? 'fc_' : OWN_REASONING;
  return `${prefix}${stem}_${index}`;
}

export function isOwnReasoningId(id: unknown): boolean {
  return typeof id === 'string' && id.startsWith(OWN_REASONING);
}

/**
 * Without stored responses a provider can use a reasoning item only if it carries its content. An item that is a mere
 * id makes OpenAI answer 404, so it is left out.
 */
export function isUsableReasoning(item: JsonObject): boolean {
  const encrypted = item['encrypted_content'];
  const content = item['content'];
  return (typeof encrypted === 'string' && encrypted !== '') || (Array.isArray(content) && content.length > 0);
}
