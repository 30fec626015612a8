/** An observation without its words, as queue and numbers need it. */
export interface ObservedRow {
  readonly id: string;
  readonly request_id: string;
  readonly tenant: string;
  readonly model: string;
  /** What it is about, see `subjectOf`. */
  readonly subject: string;
  readonly at_ms: number;
  readonly chance?: number | undefined;
  readonly spread?: number | undefined;
  /** The last word on it; absent: there is none. */
  readonly score?: number | undefined;
}

export interface Queued {
  readonly row: ObservedRow;
  /** How little is known of how right it is, 0 to 1. */
  readonly uncertainty: number;
  /** The part of a topic that a word on it would be: 1 over what the topic has with it. */
  readonly coverage: number;
  /** Both multiplied. */
  readonly priority: number;
}

/** Of a call that `auto` did not choose for nothing is known, nor is there a reason to doubt it. */
const UNKNOWN = 0.5;

/** Half of it is how near the chance is to ½ (the variance of a coin), half how wide what is not known of it is. */
export function uncertaintyOf({ chance, spread }: Pick<ObservedRow, 'chance' | 'spread'>): number {
  if (chance === undefined) return UNKNOWN;
  const p = Math.min(1, Math.max(0, chance));
  return (4 * p * (1 - p) + Math.min(1, 2 * Math.max(0, spread ?? 0))) / 2;
}

/**
 * What somebody should say a word on next, `limit` at most: in turn the topic that is furthest behind (that has the fewest words
 * and places in the queue), and of it what is least certain. Of equal topics the one with the higher priority is first, then by name.
 */
export function labelQueue(rows: readonly ObservedRow[], limit: number): readonly Queued[] {
  const served = new Map<string, number>();
  const waiting = new Map<string, ObservedRow[]>();
  for (const row of rows) {
    const { subject, score } = row;
    served.set(subject, (served.get(subject) ?? 0) + (score === undefined ? 0 : 1));
    if (score === undefined) waiting.set(subject, [...(waiting.get(subject) ?? []), row]);
  }
  // The last is the most uncertain, and is taken first.
  const open = [...waiting].map(([subject, of]) => ({
    subject,
    left: of.sort(byCertainty),
    has: served.get(subject) ?? 0,
  }));
  const queue: Queued[] = [];
  while (queue.length < limit) {
    const next = open.filter(({ left }) => left.length > 0).reduce<Topic | undefined>(before, undefined);
    const row = next?.left.pop();
    if (next === undefined || row === undefined) break;
    next.has += 1;
    const [uncertainty, coverage] = [uncertaintyOf(row), 1 / next.has];
    queue.push({ row, uncertainty, coverage, priority: uncertainty * coverage });
  }
  return queue;
}

interface Topic {
  readonly subject: string;
  readonly left: ObservedRow[];
  has: number;
}

function before(best: Topic | undefined, one: Topic): Topic {
  if (best === undefined) return one;
  if (one.has !== best.has) return one.has < best.has ? one : best;
  const by = uncertaintyOf(one.left.at(-1) ?? {}) - uncertaintyOf(best.left.at(-1) ?? {});
  if (by !== 0) return by > 0 ? one : best;
  return one.subject < best.subject ? one : best;
}

/** Of equals the newer counts as less certain, then the first by name. */
function byCertainty(a: ObservedRow, b: ObservedRow): number {
  const by = uncertaintyOf(a) - uncertaintyOf(b);
  if (by !== 0) return by;
  return a.at_ms === b.at_ms ? (a.id < b.id ? 1 : -1) : a.at_ms - b.at_ms;
}
