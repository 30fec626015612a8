import { QOS_TIERS, type Qos } from '@atp-router/kernel';
import { type Flow, type PerTier, TOTALS, type Totals } from './flow.ts';

/** An answer, and when it came by the clock of this process that never jumps. */
export interface Sample {
  readonly at_ms: number;
  readonly flow: Flow;
}

/** Per second, by tier. */
export type Rates = Readonly<Record<Qos, Totals>>;

/** How fast totals grew from one answer to the next; undefined when there is no earlier one of the same life of the router. */
export function ratesBetween(before: Sample | undefined, now: Sample): Rates | undefined {
  if (before === undefined || now.at_ms <= before.at_ms || isRestarted(before.flow, now.flow)) return undefined;
  const passed_s = (now.at_ms - before.at_ms) / 1_000;
  const of = (qos: Qos): Totals => {
    const [old, young] = [totalsOf(before.flow, qos), totalsOf(now.flow, qos)];
    const per_s = (name: keyof Totals): number => ((young?.[name] ?? 0) - (old?.[name] ?? 0)) / passed_s;
    return {
      granted: per_s('granted'),
      denied: per_s('denied'),
      expired: per_s('expired'),
      shed: per_s('shed'),
      preempted: per_s('preempted'),
      starved: per_s('starved'),
    };
  };
  return { gold: of('gold'), silver: of('silver'), bronze: of('bronze') };
}

function totalsOf(flow: Flow, qos: Qos): Totals | undefined {
  return flow.tiers.find((tier) => tier.qos === qos)?.totals;
}

/** Another router, or the same one after a start: its totals began anew. */
export function isRestarted(before: Flow, now: Flow): boolean {
  if (before.node_id !== now.node_id || now.uptime_s < before.uptime_s) return true;
  return QOS_TIERS.some((qos) => {
    const [old, young] = [totalsOf(before, qos), totalsOf(now, qos)];
    return TOTALS.some((name) => (young?.[name] ?? 0) < (old?.[name] ?? 0));
  });
}

/** What waited at a time; undefined when the router could not be asked. */
export interface Moment {
  readonly at_ms: number;
  readonly waiting: PerTier | undefined;
}

export type History = readonly Moment[];

export const HISTORY_MS = 60_000;
/** A minute at the shortest interval is 300 of them. */
const MOMENTS_MAX = 400;

/** Adds a moment and forgets what is older than a minute, but for the last such one, which held until the next. */
export function remember(history: History, moment: Moment): History {
  const from_ms = moment.at_ms - HISTORY_MS;
  const kept = history.filter((_, at) => (history[at + 1]?.at_ms ?? moment.at_ms) > from_ms);
  return [...kept, moment].slice(-MOMENTS_MAX);
}

/** The minute until `now_ms` in equal parts, the newest last: the most that waited in each; undefined where nothing is known. */
export function minuteOf(history: History, qos: Qos, now_ms: number, parts: number): (number | undefined)[] {
  const values: (number | undefined)[] = [];
  let at = 0;
  let held: number | undefined;
  for (let part = 1; part <= parts; part += 1) {
    const until_ms = now_ms - HISTORY_MS + (HISTORY_MS * part) / parts;
    // What held at the end of the part before counts only when nothing was heard in this one.
    let most: number | undefined;
    for (let moment = history[at]; moment !== undefined && moment.at_ms <= until_ms; moment = history[at]) {
      held = moment.waiting?.[qos];
      if (held !== undefined) most = Math.max(most ?? 0, held);
      at += 1;
    }
    values.push(most ?? held);
  }
  return values;
}

/** The most that waited in any tier in the last minute. */
export function highestOf(history: History): number {
  return history.reduce(
    (most, { waiting }) =>
      waiting === undefined ? most : Math.max(most, waiting.gold, waiting.silver, waiting.bronze),
    0,
  );
}
