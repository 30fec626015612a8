import type { CascadeAnswer, CascadeStep, Standing, StrategyKind } from '@atp-router/consensus';
import type { KeptStanding } from './kept-session.ts';

/** Corrections of confidence that are noted of one session; a strategy asks for a few. */
const NOTED_MAX = 256;

type Noted = KeptStanding['calibrated'][number];

/** What a session is told of its sources, noted so that it can be told the same again. */
export class NotedStanding implements Standing {
  readonly #of: Standing;
  readonly #calibrated: Map<string, Noted> = new Map();
  readonly #steps: Map<string, CascadeStep> = new Map();

  constructor(of: Standing) {
    this.#of = of;
  }

  weight(source: string): number {
    return this.#of.weight(source);
  }

  winRate(source: string): number {
    return this.#of.winRate(source);
  }

  calibrated(strategy: StrategyKind, raw: number): number {
    const calibrated = this.#of.calibrated(strategy, raw);
    if (this.#calibrated.size < NOTED_MAX) this.#calibrated.set(`${strategy} ${raw}`, { strategy, raw, calibrated });
    return calibrated;
  }

  next(came: readonly CascadeAnswer[]): CascadeStep | undefined {
    const step = this.#of.next?.(came);
    if (step !== undefined && this.#steps.size < NOTED_MAX) this.#steps.set(wayOf(came), step);
    return step;
  }

  ahead(came: readonly CascadeAnswer[]): string | undefined {
    const source = this.#of.ahead?.(came);
    if (source !== undefined && this.#steps.size < NOTED_MAX) this.#steps.set(aheadOf(came), { kind: 'ask', source });
    return source;
  }

  kept(sources: Iterable<string>): KeptStanding {
    const distinct = [...new Set(sources)];
    return {
      sources: distinct.map((source) => ({ source, weight: this.weight(source), win_rate: this.winRate(source) })),
      calibrated: [...this.#calibrated.values()],
      ...(this.#steps.size > 0 && { steps: [...this.#steps].map(([way, step]) => ({ way, step })) }),
    };
  }
}

/** What came of whom, in this order. */
function wayOf(came: readonly CascadeAnswer[]): string {
  return came.map(({ lane, kind, choice }) => `${lane} ${kind} ${choice ?? ''}`).join(', ');
}

/** Who began before whoever is asked behind these had answered. */
function aheadOf(came: readonly CascadeAnswer[]): string {
  return `ahead of ${wayOf(came)}`;
}

/** A standing as it was; a confidence that nobody corrected then stays as it is. */
export function standingOf({ sources, calibrated, steps = [] }: KeptStanding): Standing {
  const known = new Map(sources.map((one) => [one.source, one]));
  const noted = new Map(calibrated.map((one) => [`${one.strategy} ${one.raw}`, one.calibrated]));
  const known_steps = new Map(steps.map(({ way, step }) => [way, step]));
  return {
    next: (came) => known_steps.get(wayOf(came)),
    ahead: (came) => {
      const step = known_steps.get(aheadOf(came));
      return step?.kind === 'ask' ? step.source : undefined;
    },
    weight: (source) => known.get(source)?.weight ?? 1,
    winRate: (source) => known.get(source)?.win_rate ?? 0.5,
    calibrated: (strategy, raw) => noted.get(`${strategy} ${raw}`) ?? raw,
  };
}
