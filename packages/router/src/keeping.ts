import { systemClock } from '@atp-router/adapters';
import type { IdempotencyOptions } from './engine/idempotency.ts';
import { type AnswerKeeper, answerKeeper } from './fanout/audit/keeper.ts';
import type { GenerationManager } from './generation/manager.ts';
import type { Seat } from './processes/seat.ts';
import { dataSealer } from './shared/sealer.ts';

/** How much is kept of requests that may be repeated, as the configuration in force says. */
export function keptKeys(manager: GenerationManager): IdempotencyOptions {
  return {
    get max_entries(): number {
      return manager.config.idempotency.max_entries;
    },
    now_ms: systemClock.now_ms,
  };
}

/** What agents say in sessions is kept where the configuration in force wants it. */
export function keptAnswers(
  { config, secrets }: Pick<Seat, 'config' | 'secrets'>,
  manager: GenerationManager,
): AnswerKeeper {
  return answerKeeper(dataSealer(config, secrets), () => manager.config.consensus.keep_answers);
}
