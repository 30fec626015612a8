import { AtpError, isJsonObject } from '@atp-router/kernel';
import { STRATEGY_KINDS } from '../kinds.ts';
import type { StrategyKind } from '../plan.ts';
import { Calibrator } from './calibrator.ts';
import type { OutcomesRecord } from './outcomes.ts';

export type CalibrationRecord = Readonly<Partial<Record<StrategyKind, OutcomesRecord>>>;

/** A calibrator for each strategy. */
export class Calibrators {
  readonly #byKind: ReadonlyMap<StrategyKind, Calibrator> = new Map(
    STRATEGY_KINDS.map((kind) => [kind, new Calibrator()]),
  );

  of(kind: StrategyKind): Calibrator {
    const calibrator = this.#byKind.get(kind);
    if (calibrator === undefined) throw new AtpError('internal_error', `There is no strategy ${kind} to calibrate.`);
    return calibrator;
  }

  /** Strategies of which something is known. */
  record(): CalibrationRecord {
    const known = Array.from(this.#byKind).filter(([, calibrator]) => calibrator.basis.samples > 0);
    return Object.fromEntries(known.map(([kind, calibrator]) => [kind, calibrator.record()]));
  }

  /** Adds what was kept or came from elsewhere; the strategies whose part cannot be read, and was left out. */
  merge(record: unknown): string[] {
    if (!isJsonObject(record)) return ['the whole'];
    return Object.entries(record).flatMap(([kind, part]) => {
      const calibrator = this.#byKind.get(kind as StrategyKind);
      return calibrator?.merge(part) === true ? [] : [kind];
    });
  }
}
