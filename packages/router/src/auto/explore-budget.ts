import { isJsonObject, utcDay } from '@atp-router/kernel';

/** What was tried on one day (UTC), by what it was expected to cost more. */
export interface Explored {
  readonly day: string;
  readonly usd: number;
}

/** What may be spent each day because something is tried. */
export class ExploreBudget {
  #explored: Explored = { day: '', usd: 0 };

  get explored(): Explored {
    return this.#explored;
  }

  restore(explored: Explored): void {
    this.#explored = explored;
  }

  isLeft(usd_per_day: number, now_ms: number): boolean {
    return this.#of(utcDay(now_ms)) < usd_per_day;
  }

  /** The last one may go beyond what is left: what it costs is known only when it is chosen. */
  spend(usd: number, now_ms: number): void {
    const day = utcDay(now_ms);
    this.#explored = { day, usd: this.#of(day) + usd };
  }

  #of(day: string): number {
    return this.#explored.day === day ? this.#explored.usd : 0;
  }
}

export function isExplored(value: unknown): value is Explored {
  if (!isJsonObject(value)) return false;
  const { day, usd } = value as Partial<Explored>;
  return typeof day === 'string' && day.length <= 10 && typeof usd === 'number' && usd >= 0 && Number.isFinite(usd);
}
