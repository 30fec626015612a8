import { AtpError, type Timer } from '@atp-router/kernel';
import type { IdempotencyRef } from '@atp-router/ledger';
import type { Claim, IdempotencyKeys } from './idempotency.ts';
import type { Ambient } from './ports.ts';
import { deadlineExceeded } from './refusals.ts';
import { type CallRequest, left_ms } from './request.ts';

/**
 * Asks what is known of a request's key, and waits while its first call runs; not beyond the request's deadline, and not
 * for a client that left. A claim that comes after that is given back. `done` is called once, later. Returns what ends
 * the wait with an error.
 */
export function claimWithin(
  request: CallRequest,
  ref: IdempotencyRef,
  expires_ms: number,
  keys: IdempotencyKeys,
  { clock, timers }: Ambient,
  done: (claim: Claim) => void,
): (error: AtpError) => void {
  // The first call may go on for long after this wait is over: whatever still hangs on it must not hold the request.
  let waiting: ((claim: Claim) => void) | undefined = done;
  let timer: Timer | undefined;
  const end = (claim: Claim): void => {
    const tell = waiting;
    waiting = undefined;
    timer?.cancel();
    tell?.(claim);
  };
  const giveUp = (error: AtpError): void => end({ kind: 'refused', error });
  request.sink.onGone(() => giveUp(new AtpError('request_cancelled', 'The client went away.')));
  const { call_id } = request;
  const { deadline_ms } = request.options;
  const rest_ms = left_ms(request, clock.mono_ms());
  if (rest_ms !== undefined) timer = timers.after(rest_ms, () => giveUp(deadlineExceeded(deadline_ms)));
  new Promise<Claim>((resolve) => resolve(keys.claimOnce(ref, call_id, expires_ms))).then(
    (claim) => {
      if (waiting === undefined && claim.kind === 'claimed') keys.release(ref);
      end(claim);
    },
    (cause: unknown) => {
      giveUp(new AtpError('internal_error', 'The store of idempotency keys did not answer.', { cause }));
    },
  );
  return giveUp;
}
