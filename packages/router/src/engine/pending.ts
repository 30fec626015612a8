import type { UpstreamCaller } from '@atp-router/adapters';
import type { AttemptFailure } from '@atp-router/call';
import type { AtpError, Clock, Price } from '@atp-router/kernel';
import type { Permit } from '@atp-router/routing';
import type { AttemptCodec } from '../relay/types.ts';
import { Attempt, type AttemptOwner } from './attempt.ts';
import type { AttemptSpec } from './attempt-spec.ts';
import type { AdmittedCall } from './env.ts';
import { toolsSent } from './hosted-tools.ts';
import type { WantedAttempt } from './target.ts';

/** An attempt on its way to the wire. */
export interface Pending extends WantedAttempt {
  readonly permit: Permit;
  readonly in_tokens: number;
  /** What it is reserved at, see `reservedPrice`. */
  readonly price: Price | undefined;
  readonly started_mono_ms: number;
  /** It runs in place of a target that the tenant could not afford. */
  readonly stand_in: boolean;
}

/** The attempt that it becomes once it has its place and its request. */
export function attemptOf(
  p: Pending,
  codec: AttemptCodec,
  call: AdmittedCall,
  caller: UpstreamCaller,
  owner: AttemptOwner,
  clock: Clock,
): Attempt {
  return new Attempt(specOf(p, codec, call, caller), owner, call.limits, clock);
}

function specOf(p: Pending, codec: AttemptCodec, call: AdmittedCall, caller: UpstreamCaller): AttemptSpec {
  return {
    n: p.n,
    turn: p.turn,
    kind: p.kind,
    target: p.target,
    permit: p.permit,
    in_tokens: p.in_tokens,
    price: p.price,
    hosted_tools: toolsSent(p.target, call),
    started_mono_ms: p.started_mono_ms,
    operation: call.kind,
    stream: call.stream,
    codec,
    caller,
    lane: call.lane,
  };
}

/** What the dispatcher tells its call besides what attempts say themselves. */
export interface DispatchOwner extends AttemptOwner {
  onAttempt(attempt: Attempt): void;
  /** Ends the whole call. Never throws. */
  abort(error: AtpError, outcome: 'error' | 'cancelled'): void;
  onRefused(n: number, failure: AttemptFailure): void;
  /** Another router's spending leaves nothing for more of this stream. */
  onExhausted(attempt: Attempt, error: AtpError): void;
}
