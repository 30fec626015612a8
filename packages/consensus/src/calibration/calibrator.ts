import { fitIsotonic, isotonicAt, type Step } from './isotonic.ts';
import { expectedCalibrationError, isOutcomesRecord, Outcomes, type OutcomesRecord } from './outcomes.ts';
import { fitSigmoid, type Sigmoid, sigmoidAt } from './platt.ts';

/** Outcomes below which what is said is taken as it is. */
const LEARN_FROM = 30;
/** Outcomes from which isotonic regression is better than a sigmoid (Niculescu-Mizil and Caruana 2005). */
const ISOTONIC_FROM = 1_000;

type Fit =
  | { readonly kind: 'as_said' }
  | { readonly kind: 'platt'; readonly sigmoid: Sigmoid }
  | { readonly kind: 'isotonic'; readonly steps: readonly Step[] };

/** Turns what somebody says of their confidence into the chance that they are right, by how it was before. */
export class Calibrator {
  readonly #outcomes = new Outcomes();
  /** Made anew when it is asked for after something was learned. */
  #fit: Fit | undefined = undefined;

  learn(confidence: number, was_right: boolean): void {
    this.#outcomes.learn(confidence, was_right);
    this.#fit = undefined;
  }

  /** 0 to 1, never falling in the confidence. */
  calibrated(confidence: number): number {
    const said = Number.isNaN(confidence) ? 0 : Math.min(1, Math.max(0, confidence));
    return this.#chance(said);
  }

  /** How the next answer is made, and of how many outcomes. */
  get basis(): { readonly kind: Fit['kind']; readonly samples: number } {
    return { kind: this.#fitted().kind, samples: this.#outcomes.total };
  }

  /** Expected calibration error of what was said, 0 to 1; undefined without outcomes. */
  ece(): number | undefined {
    return expectedCalibrationError(this.#outcomes.bins());
  }

  /** The same of what is made of it, on the outcomes that it was learned from. */
  calibratedEce(): number | undefined {
    return expectedCalibrationError(this.#outcomes.bins(), (confidence) => this.#chance(confidence));
  }

  record(): OutcomesRecord {
    return this.#outcomes.record();
  }

  /** Adds what was learned elsewhere; false when it is no such record, and nothing changes. */
  merge(record: unknown): boolean {
    if (!isOutcomesRecord(record)) return false;
    this.#outcomes.merge(record);
    this.#fit = undefined;
    return true;
  }

  #chance(confidence: number): number {
    const fit = this.#fitted();
    switch (fit.kind) {
      case 'as_said':
        return confidence;
      case 'platt':
        return sigmoidAt(fit.sigmoid, confidence);
      case 'isotonic':
        return isotonicAt(fit.steps, confidence);
    }
  }

  #fitted(): Fit {
    this.#fit ??= this.#make();
    return this.#fit;
  }

  #make(): Fit {
    const samples = this.#outcomes.total;
    if (samples < LEARN_FROM) return { kind: 'as_said' };
    const bins = this.#outcomes.bins();
    if (samples < ISOTONIC_FROM) return { kind: 'platt', sigmoid: fitSigmoid(bins) };
    return { kind: 'isotonic', steps: fitIsotonic(bins) };
  }
}
