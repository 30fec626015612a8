import type { Timers } from '@atp-router/kernel';
import { review, type ReviewParts } from './review.ts';

export interface ReviewsParts extends ReviewParts {
  readonly timers: Timers;
  /** The router is on its way out. */
  readonly isEnding: () => boolean;
  readonly onFault: (thrown: unknown) => void;
}

/** Has the rules judge all models from time to time, for as long as the router runs and its configuration wants it. */
export function startReviews(parts: ReviewsParts): void {
  const { timers, isEnding, onFault, config } = parts;
  const next = (): void => {
    timers.after(config().registry.review_ms, () => {
      if (isEnding()) return;
      const done = config().registry.promote === 'automatic' ? review(parts) : Promise.resolve();
      void done.catch((thrown: unknown) => (isEnding() ? undefined : onFault(thrown))).finally(next);
    });
  };
  next();
}
