import { errorPayload, type Payload } from '@atp-router/wire';
import type { ConversationEffect, ConversationEvent } from './conversation.ts';

/** With what a dispatch that is over by this step is aborted, where its stream is still open (A12). */
export function abortOf(event: ConversationEvent, effects: readonly ConversationEffect[]): Payload {
  if (event.type === 'timeout') return errorPayload('ETIMEOUT', { reason: 'Nothing came within the time for it.' });
  if (event.type === 'lost') return errorPayload('ETIMEOUT', { reason: 'A message, or the connection, was lost.' });
  if (event.type === 'too_large') return errorPayload('EPROTO', { reason: 'A message is more than one may be (W61).' });
  if (effects.some(({ type }) => type === 'fault')) return errorPayload('EPROTO');
  return errorPayload('EPREEMPT', { reason: 'Nothing more is wanted: the agent has said how it ended.' });
}
