import type { CloseName } from '@atp-router/adapters';
import { AtpError, isAtpError } from '@atp-router/kernel';
import type { Denial } from './host-types.ts';
import type { SessionOwner } from './hub-types.ts';
import type { SessionView } from '@atp-router/session';
import {
  errorPayload,
  errorPayloadOf,
  type Frame,
  type HelloContent,
  type Payload,
  SIGNATURE_REFUSAL,
} from '@atp-router/wire';

export const UNSIGNED: Payload = errorPayload('ESEC', {
  reason: 'Sessions of this tenant have to be signed: name the feature "sig", and sign with a key of the tenant.',
});

export function offersSignatures({ payload }: Frame): boolean {
  return payload?.type === 'control.hello' && (payload.content as HelloContent).features?.includes('sig') === true;
}

export const RESTARTED: Payload = errorPayload('EPREEMPT', {
  reason: 'The router was restarted and no longer waits for it.',
});

export const DAMAGED: Payload = errorPayload('EPROTO', { reason: 'The checksum of the first frame is wrong.' });

export const GONE: Payload = errorPayload('ESEC', {
  reason: 'The key of this session is no longer accepted. Ask the operator for another one.',
});

export function codeOf(error: Payload | undefined): string | undefined {
  const code = (error?.content as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** In the same words for every token that is not good (S33), and for a name that is taken. */
export const REFUSED: Payload = { type: 'error', content: SIGNATURE_REFUSAL };

function noRoom(reason: string): Payload {
  return errorPayload('EWINDOW', { reason, retry_after_ms: 1_000 });
}

export const FULL: Payload = noRoom('The router has as many sessions as it may have.');
export const TENANT_FULL: Payload = noRoom('The tenant has as many sessions as it may have.');

/** Why a first frame is not taken. `owner`: who has shown a good key, also where that did not help. */
export interface Refusal {
  readonly error: Payload;
  readonly owner: SessionOwner | undefined;
  readonly reason?: Denial['reason'];
}

export function refusal(error: Payload, owner: SessionOwner | undefined, reason?: Denial['reason']): Refusal {
  return { error, owner, reason };
}

/** The same with the frame that says so. */
export type RefusedFirst = Omit<Refusal, 'error'> & { readonly answer: Frame };

/** With what a connection is closed whose first frame was answered with this error (T14). */
export function endOf(error: Payload | undefined): CloseName {
  const code = codeOf(error);
  if (code === 'EWINDOW') return 'no_room';
  return code === 'EDRAINING' ? 'going_away' : 'refused';
}

/** With what a connection is closed of whose session nothing can be known now. */
export function endOfUnknown(thrown: unknown): CloseName {
  if (!isAtpError(thrown)) return 'failed';
  if (thrown.code === 'backpressure') return 'no_room';
  return thrown.code === 'draining' ? 'going_away' : 'failed';
}

/** A session that is still in its handshake has not been judged yet. */
export function isSigned({ agreed }: SessionView): boolean {
  return agreed === undefined || agreed.features.includes('sig');
}

/** A credential or signature was not accepted. */
export function isDenial(error: Payload | undefined): error is Payload {
  return codeOf(error) === 'ESEC';
}

/** How long a client should leave a router alone whose disk fails. */
const UNKEPT_RETRY_MS = 5_000;

/**
 * The end of a session that cannot be kept (T14), and what its client is told. The store speaks to the operator: only when it has no
 * room are its words the client's, too.
 */
export function unkept(failure: AtpError): { readonly end: CloseName; readonly error: Payload } {
  if (failure.code === 'backpressure') return { end: 'no_room', error: errorPayloadOf(failure) };
  const words = 'The router cannot keep the session, because its storage fails. Nothing of it is wrong with you:';
  const advice = 'open another session in a while, or at another router, and ask again for what was not answered.';
  const told = new AtpError('internal_error', `${words} ${advice}`, { retry_after_ms: UNKEPT_RETRY_MS });
  return { end: 'failed', error: errorPayloadOf(told) };
}
