import { logNormal } from '@atp-router/kernel';
import { drawsFor } from './draw.ts';
import type { SimRequest } from './types.ts';

export type Fault =
  | { readonly kind: 'none' }
  | { readonly kind: 'error'; readonly status: number; readonly code: string; readonly message: string }
  /** `at` is the share of the answer, from 0 to 1, that still comes. */
  | { readonly kind: 'stall' | 'cut'; readonly at: number };

export interface Delays {
  readonly head_ms: number;
  readonly chunk_ms: number;
}

const ERRORS: readonly (Fault & { readonly kind: 'error' })[] = [
  { kind: 'error', status: 429, code: 'rate_limit_exceeded', message: '[simulated] Rate limit reached.' },
  { kind: 'error', status: 500, code: 'server_error', message: '[simulated] The server had an error.' },
  { kind: 'error', status: 503, code: 'overloaded', message: '[simulated] The server is overloaded.' },
];

/** What goes wrong with this try. One draw decides, so that the rates are shares of all calls. */
export function faultOf(hash: number, request: SimRequest): Fault {
  const rng = drawsFor(hash, `fault ${request.nonce ?? 0}`);
  const draw = rng.next();
  const at = rng.next();
  const { error_rate, stall_rate, cut_rate } = request.params;
  if (draw < error_rate) return ERRORS[Math.floor(at * ERRORS.length)] ?? { kind: 'none' };
  if (draw < error_rate + stall_rate) return { kind: 'stall', at };
  if (draw < error_rate + stall_rate + cut_rate) return { kind: 'cut', at };
  return { kind: 'none' };
}

/** Longest simulated silence before the head: ten minutes, the patience of the vendors' own clients. */
const HEAD_MS_MAX = 600_000;

export function delaysOf(hash: number, request: SimRequest): Delays {
  const { p50, p95 } = request.params.latency_ms;
  const rng = drawsFor(hash, `delay ${request.nonce ?? 0}`);
  const head_ms = p50 <= 0 ? 0 : Math.min(HEAD_MS_MAX, Math.round(logNormal(rng, p50, p95)));
  return { head_ms, chunk_ms: request.params.chunk_ms };
}
