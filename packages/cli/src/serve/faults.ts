import type { Logger } from '@atp-router/adapters';
import type { Router } from '@atp-router/router';
import { EXIT } from '../exit.ts';

export interface Life {
  readonly logger: Logger;
  /** Once it has started. */
  router: Router | undefined;
}

/**
 * After a fault nobody caught, the state of the process is unknown: what is recorded goes to disk, and it ends. The next
 * start settles the calls that were running.
 */
export function endOnFaults(life: Life): void {
  process.on('uncaughtException', (error) => {
    try {
      life.logger.log('fatal', 'fault of the program', { error: error.message, stack: error.stack });
      life.logger.flush();
      life.router?.ledger.journal.flushNow();
    } finally {
      process.exit(EXIT.internal);
    }
  });
}
