import { isCeilingReason } from './ceiling-rules.ts';
import type { CeilingsView } from './worker-ceilings.ts';
import type { EventBatch } from './event-tap.ts';
import type { CeilingChange } from './shared-view.ts';
import type { Signal } from '../engine/target-windows.ts';

/**
 * Whether what another process tells beside credit is what it is to be. Other machines' comes through a server that others may
 * write to: a number that is none would end as a limit that refuses nothing.
 */

/** As those of credit. */
const NAME_MAX = 1_024;
/** In one message, about 200 B each: a batch that has so many leaves at once. */
export const SIGNALS_MAX = 500;
/** Ceilings in one message between machines, about 100 B each. */
export const CHANGES_MAX = 1_000;

const SIGNS: ReadonlySet<unknown> = new Set(['timely', 'timeout', 'latency', 'ecn']);

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= NAME_MAX;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

export function isSignals(body: unknown): body is readonly Signal[] {
  return Array.isArray(body) && body.length <= SIGNALS_MAX && body.every(isSignal);
}

function isSignal(value: unknown): value is Signal {
  if (!isObject(value) || !isName(value['account'])) return false;
  const { ended } = value;
  if (ended === undefined) return true;
  if (!isObject(ended) || !isName(ended['provider_account']) || !SIGNS.has(ended['sign'])) return false;
  const { record } = ended;
  if (!isObject(record) || !isName(record['outcome']) || !isTime(record['latency_ms'])) return false;
  const { usage } = record;
  return isObject(usage) && isCount(usage['in_tokens']) && isCount(usage['out_tokens']);
}

export function isCeilingChange(body: unknown): body is CeilingChange {
  if (!isObject(body) || !isName(body['account']) || !isCeilingReason(body['reason'])) return false;
  return body['calls'] === undefined || isCount(body['calls']);
}

export function isCeilingsView(body: unknown): body is CeilingsView {
  if (!isObject(body) || typeof body['is_all'] !== 'boolean') return false;
  const { changes } = body;
  return Array.isArray(changes) && changes.length <= CHANGES_MAX && changes.every(isCeilingChange);
}

export function isEventBatch(body: unknown): body is EventBatch {
  if (!isObject(body) || !Array.isArray(body['events']) || !isCount(body['dropped'])) return false;
  return body['events'].every((one: unknown) => isObject(one) && isTime(one['ts_ms']) && isEvent(one['event']));
}

function isEvent(value: unknown): boolean {
  return isObject(value) && isName(value['type']);
}

/** It says all by its kind. */
export function isNothing(body: unknown): body is null {
  return body === null;
}

/** Takes what is of its kind. Returns whether it was. */
export type Take<From> = (from: From, body: unknown) => boolean;

export function taking<From, T>(is: (body: unknown) => body is T, take: (from: From, body: T) => void): Take<From> {
  return (from, body) => {
    if (!is(body)) return false;
    take(from, body);
    return true;
  };
}
