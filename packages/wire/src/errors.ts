import { type AtpError, isAtpError, type WireCode } from '@atp-router/kernel';
import { isFrameError } from './frame-error.ts';
import { wellFormed } from './well-formed.ts';
import type { Payload, WireErrorContent } from './payloads.ts';

/** What a router does when it meets, or tells of, a fault of a code. */
export type RouterAction =
  | 'reset'
  | 'reset_and_audit'
  | 'ask_again'
  | 'nack_and_window_update'
  | 'finish'
  | 'retry_slower'
  | 'reroute'
  | 'escalate'
  | 'preempt'
  | 'hold'
  | 'drain'
  | 'refuse';

export interface WireErrorTraits {
  readonly action: RouterAction;
  /** What happened, and what the router does, in words. */
  readonly meaning: string;
  /** What the peer can do; the `reason` of an error that has no words of its own. */
  readonly hint: string;
  /** Whether the same frame may succeed later without a change. */
  readonly retryable: boolean;
}

/** The closed catalogue of wire codes. The codes themselves are in `kernel`, which maps the router's own errors to them. */
export const WIRE_ERRORS: Readonly<Record<WireCode, WireErrorTraits>> = {
  EPROTO: {
    action: 'reset',
    meaning: 'A frame breaks a rule of form, schema or version. The stream is reset.',
    hint: 'Correct the frame: its form, a field, or the protocol version.',
    retryable: false,
  },
  ESEQ_RETRY: {
    action: 'ask_again',
    meaning: 'Fragments or messages are missing. They are named and asked for again.',
    hint: 'Send the named fragments or messages again.',
    retryable: true,
  },
  EWINDOW: {
    action: 'nack_and_window_update',
    meaning: 'The message does not fit the window. It is refused, and the window is told.',
    hint: 'Wait for the window to open, or send less at once.',
    retryable: true,
  },
  EBUDGET: {
    action: 'finish',
    meaning: 'The budget does not cover the work. The stream is ended.',
    hint: 'Raise the budget.',
    retryable: false,
  },
  ETIMEOUT: {
    action: 'retry_slower',
    meaning: 'Nothing came in time. The work is tried again, and the window shrinks.',
    hint: 'Allow more time, or ask for less.',
    retryable: true,
  },
  EAGENTDOWN: {
    action: 'reroute',
    meaning: 'The agent or provider is not there. Its circuit opens, and the work goes elsewhere.',
    hint: 'Try again later, or name another agent.',
    retryable: true,
  },
  ESEC: {
    action: 'reset_and_audit',
    meaning:
      'A credential, a signature or a data scope was not accepted. The stream is reset, and the audit log has it.',
    hint: 'Check credentials and data scope.',
    retryable: false,
  },
  ECONSENSUS: {
    action: 'escalate',
    meaning: 'No quorum was reached. The question is passed on to whoever decides then.',
    hint: 'Ask again with other participants, or let somebody decide.',
    retryable: false,
  },
  EPREEMPT: {
    action: 'preempt',
    meaning: 'The work had to make room for a higher tier. The stream is reset, and what it did not use is given back.',
    hint: 'Try again later, or at a higher tier.',
    retryable: true,
  },
  EWINDOW_AGENT: {
    action: 'hold',
    meaning: 'The agent takes no more work for now. The work waits or goes elsewhere.',
    hint: 'Wait until the agent suggests a larger window.',
    retryable: true,
  },
  EDRAINING: {
    action: 'drain',
    meaning: 'The node is shutting down. It finishes what it has and takes nothing new.',
    hint: 'Connect to another node.',
    retryable: true,
  },
  EPOLICY: {
    action: 'refuse',
    meaning: 'A policy forbids it. The message is refused.',
    hint: 'Ask the operator.',
    retryable: false,
  },
  EATTEST: {
    action: 'reset_and_audit',
    meaning: 'An attestation is missing or not accepted. The stream is reset, and the audit log has it.',
    hint: 'Send a valid attestation.',
    retryable: false,
  },
  ECFG: {
    action: 'refuse',
    meaning: 'A configuration cannot be used. The message is refused.',
    hint: 'Tell the operator.',
    retryable: false,
  },
};

export function isWireCode(code: string): code is WireCode {
  return Object.hasOwn(WIRE_ERRORS, code);
}

export interface WireErrorOptions {
  /** Safe to show: nothing of a prompt, an answer or a key. Default: the hint of the code. */
  readonly reason?: string;
  /** Earliest useful retry, in milliseconds from now. */
  readonly retry_after_ms?: number;
  readonly details?: WireErrorContent['details'];
}

/** The payload that tells a peer of a fault. */
export function errorPayload(
  code: WireCode,
  options: WireErrorOptions = {},
): Payload & { readonly content: WireErrorContent } {
  const { reason = WIRE_ERRORS[code].hint, retry_after_ms, details } = options;
  const content: WireErrorContent = {
    code,
    reason: shortened(reason),
    ...(retry_after_ms !== undefined && { retry_after_ms }),
    ...(details && { details: wellFormed(details) as WireErrorContent['details'] & {} }),
  };
  return { type: 'error', content };
}

/** The payload for anything thrown. What is neither a `FrameError` nor an `AtpError` is a fault of ours and tells nothing. */
export function errorPayloadOf(error: unknown): Payload & { readonly content: WireErrorContent } {
  if (isFrameError(error)) return { type: 'error', content: error.toContent() };
  if (isAtpError(error)) return fromAtpError(error);
  return errorPayload('EPROTO', { reason: 'The router failed while handling this frame. The fault is logged.' });
}

function fromAtpError(error: AtpError): Payload & { readonly content: WireErrorContent } {
  const { code, message, retry_after_ms, details, origin, param } = error;
  return errorPayload(error.wire, {
    reason: message,
    ...(retry_after_ms !== undefined && { retry_after_ms }),
    details: { ...details, error: code, origin, ...(param !== undefined && { param }) },
  });
}

const REASON_MAX = 1_024;

/** Cut between code points, and told to be. */
function shortened(text: string): string {
  // Whoever cut it before may have left half a character, which no frame carries.
  const reason = text.toWellFormed();
  const points = [...reason];
  return points.length <= REASON_MAX ? reason : `${points.slice(0, REASON_MAX - 1).join('')}…`;
}
