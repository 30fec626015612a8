import type { AttemptKind } from '@atp-router/call';
import type { Permit } from '@atp-router/routing';
import type { AttemptCodec } from '../relay/types.ts';
import type { Target } from './target.ts';

/** What is known of an attempt before it is sent. */
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
  readonly started_mono_ms: number;
}
