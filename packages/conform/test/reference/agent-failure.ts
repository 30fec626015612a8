import type { Payload, WireObject, WireValue } from '@atp-router/wire';

export function isObject(value: WireValue | undefined): value is WireObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** `goes_on`: another attempt may do it. */
export type Failure = readonly [error: string, origin: 'local' | 'remote', goes_on: boolean];

/** What an agent's own error is told as (A17). */
const TOLD: Readonly<Record<string, Failure>> = {
  EBUDGET: ['budget_exhausted', 'remote', false],
  EWINDOW: ['rate_limited', 'remote', true],
  EPREEMPT: ['rate_limited', 'remote', true],
  EDRAINING: ['backpressure', 'remote', true],
  ETIMEOUT: ['upstream_timeout', 'remote', true],
  EPOLICY: ['upstream_rejected', 'remote', false],
};

export function failureOf({ content }: Payload): Failure {
  const { code } = content as { readonly code: string };
  return TOLD[code] ?? ['upstream_error', 'remote', true];
}
