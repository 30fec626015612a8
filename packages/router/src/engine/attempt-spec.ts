import type { UpstreamCaller, UpstreamRequest } from '@atp-router/adapters';
import type { AttemptKind } from '@atp-router/call';
import type { HostedTool } from '@atp-router/dialects';
import type { Price } from '@atp-router/kernel';
import type { Permit } from '@atp-router/routing';
import type { LaneRef } from '../fanout/types.ts';
import { joinHeaders } from '../relay/join-headers.ts';
import type { AttemptCodec } from '../relay/types.ts';
import type { Target } from './target.ts';

/** What an attempt is made of: where it goes, with what, and at which price. */
export interface AttemptSpec {
  readonly n: number;
  readonly turn: number;
  readonly kind: AttemptKind;
  readonly target: Target;
  readonly operation: 'generate' | 'embed';
  readonly stream: boolean;
  readonly codec: AttemptCodec;
  readonly permit: Permit;
  readonly in_tokens: number;
  /** What it is reserved at, see `reservedPrice`. */
  readonly price: Price | undefined;
  /** Tools that run at the provider, as its request declares them. */
  readonly hosted_tools: readonly HostedTool[];
  readonly started_mono_ms: number;
  readonly caller: UpstreamCaller;
  /** The lane of a fan-out that it is of. */
  readonly lane: LaneRef | undefined;
}

/** What its transport is asked. */
export function requestOf({ target, operation, stream, codec, caller }: AttemptSpec): UpstreamRequest {
  const { provider } = target;
  return {
    origin: provider.origin,
    path: target.path(operation, stream),
    method: 'POST',
    headers: joinHeaders(target.headers, codec.headers),
    body: codec.body,
    head_timeout_ms: provider.head_timeout_ms,
    idle_timeout_ms: provider.idle_timeout_ms,
    caller,
  };
}
