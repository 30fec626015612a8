import type { AttemptKind } from '@atp-router/call';
import type { HostedTool } from '@atp-router/dialects';
import type { Price } from '@atp-router/kernel';
import type { Permit } from '@atp-router/routing';
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
}
