import { AtpError, type Timer } from '@atp-router/kernel';
import type { IdempotencyRef } from '@atp-router/ledger';
import type { Claim, IdempotencyKeys } from './idempotency.ts';
import type { Ambient } from './ports.ts';
import { deadlineExceeded } from './refusals.ts';
import { type CallRequest, left_ms } from './request.ts';

/**
 * Asks what is known of a request's key, and waits while its first call runs; not beyond the request's deadline, and not
 * for a client that left. A claim that comes after that is given back. `done` is called once.
 */
export function claimWithin(
  request: CallRequest,
  ref: IdempotencyRef,
  expires_ms: number,
  keys: IdempotencyKeys,
  { clock, timers }: Ambient,
  done: (claim: Claim) => void,
): void {
  let over = false;
  let timer: Timer | undefined;
  const end = (claim: Claim): void => {
    if (over) return;
    over = true;
    timer?.cancel();
    done(claim);
  };
  const giveUp = (error: AtpError): void => end({ kind: 'refused', error });
  const rest_ms = left_ms(request, clock.mono_ms());
  if (rest_ms !== undefined) timer = timers.after(rest_ms, () => giveUp(deadlineExceeded(request.options.deadline_ms)));
  request.sink.onGone(() => giveUp(new AtpError('request_cancelled', 'The client went away.')));
  keys.claimOnce(ref, request.call_id, expires_ms).then(
    (claim) => {
      if (over && claim.kind === 'claimed') keys.release(ref);
      end(claim);
    },
    (cause: unknown) => {
      giveUp(new AtpError('internal_error', 'The store of idempotency keys did not answer.', { cause }));
    },
  );
}
