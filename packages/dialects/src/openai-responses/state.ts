import { AtpError, type JsonObject } from '@atp-router/kernel';

const REASON: Readonly<Record<string, string>> = {
  previous_response_id: 'send the earlier items in "input" instead',
  conversation: 'send the earlier items in "input" instead',
  background: 'wait for the answer or stream it instead',
};

/**
 * The router keeps no responses. Whatever needs an earlier one is refused at once: a provider's own store would not help
 * either, because the next request may go to another provider.
 */
export function refuseStoredState(body: JsonObject): void {
  for (const field of Object.keys(REASON)) {
    const value = body[field];
    if (value === undefined || value === null || value === false) continue;
    throw new AtpError(
      'invalid_request',
      `"${field}" needs stored responses, and this router stores none: ${REASON[field]}.`,
      { param: field },
    );
  }
}

/** `store` is true by default in this API; only an explicit `false` says what happens here. */
export function wantsStore(body: JsonObject): boolean {
  return body['store'] !== false;
}
