import { isCount, isFlag, isTime, listOf, oneOf, orAbsent, shapeOf, textOf } from '@atp-router/kernel';
import { isCeilingReason } from './ceiling-rules.ts';
import type { CeilingsView } from './worker-ceilings.ts';
import { type EventBatch, EVENTS_MAX } from './event-tap.ts';
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

const isName = textOf(NAME_MAX, 1);
const isUsage = shapeOf({ in_tokens: isCount, out_tokens: isCount });

const isSignal = shapeOf({
  account: isName,
  provider_account: isName,
  sign: oneOf('timely', 'timeout', 'latency', 'ecn'),
  record: shapeOf({ outcome: isName, latency_ms: isTime, usage: isUsage }),
});
const isSignalList = listOf(isSignal, SIGNALS_MAX);
const isChange = shapeOf({ account: isName, reason: isCeilingReason, calls: orAbsent(isCount) });
const isView = shapeOf({ is_all: isFlag, changes: listOf(isChange, CHANGES_MAX) });
const isBatch = shapeOf({
  events: listOf(shapeOf({ ts_ms: isTime, event: shapeOf({ type: isName }) }), EVENTS_MAX),
  dropped: isCount,
});

export function isSignals(body: unknown): body is readonly Signal[] {
  return isSignalList(body);
}

export function isCeilingChange(body: unknown): body is CeilingChange {
  return isChange(body);
}

export function isCeilingsView(body: unknown): body is CeilingsView {
  return isView(body);
}

export function isEventBatch(body: unknown): body is EventBatch {
  return isBatch(body);
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
