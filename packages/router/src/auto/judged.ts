import { JUDGE } from '@atp-router/routing';

/** What a judge has said of one request, as the learner has it. */
export interface JudgedWord {
  readonly right: number;
  readonly weight: number;
}

/** Requests with a judge's word that a person's may still take the place of; of more the oldest stay as they are. */
const JUDGED_MAX = 1_000;

export type JudgedRecord = readonly (readonly [call_id: string, right: number, weight: number])[];

/** Words of a judge that are taken back when a person says something of the same request. */
export class JudgedWords {
  #words: Map<string, JudgedWord> = new Map();

  /** `by`: who says it; only a judge's is kept. */
  keep(call_id: string, by: string, word: JudgedWord): void {
    if (!by.startsWith(JUDGE)) return;
    this.#words.set(call_id, word);
    for (const [oldest] of this.#words) {
      if (this.#words.size <= JUDGED_MAX) break;
      this.#words.delete(oldest);
    }
  }

  /** Once. */
  take(call_id: string): JudgedWord | undefined {
    const found = this.#words.get(call_id);
    this.#words.delete(call_id);
    return found;
  }

  /** What was learned of it counts little now, and can be taken back no more. */
  clear(): void {
    this.#words.clear();
  }

  record(): JudgedRecord {
    return [...this.#words].map(([call_id, { right, weight }]) => [call_id, right, weight] as const);
  }

  restore(record: JudgedRecord): void {
    this.#words = new Map(record.map(([call_id, right, weight]) => [call_id, { right, weight }]));
  }
}

export function isJudgedRecord(value: unknown): value is JudgedRecord {
  return Array.isArray(value) && value.length <= JUDGED_MAX && value.every(isEntry);
}

function isEntry(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 3) return false;
  const [call_id, right, weight] = value as readonly unknown[];
  const is_share = (one: unknown): one is number => typeof one === 'number' && one >= 0 && one <= 1;
  return typeof call_id === 'string' && call_id.length <= 128 && is_share(right) && is_share(weight) && weight > 0;
}
