import { StatementSync } from 'node:sqlite';

/** Runs `act` instead of the n-th SQL statement of this thread. */
export function atStatement(n: number, act: () => void): void {
  const all = StatementSync.prototype.all;
  let count = 0;
  StatementSync.prototype.all = function counted(this: StatementSync, ...params: Parameters<typeof all>) {
    count += 1;
    if (count === n) act();
    return all.apply(this, params);
  } as typeof all;
}
