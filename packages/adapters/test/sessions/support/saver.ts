// Saves without end, and says what was told to be durable: `<save> <born>`. Ended from outside.
import { systemClock } from '../../../src/clock.ts';
import { sqliteSessionStore } from '../../../src/sessions/index.ts';
import { keptSession, putIn, putSession } from '../../../src/suites/index.ts';

const [path = ''] = process.argv.slice(2);
const seal_key = Buffer.alloc(32, 7);
const store = sqliteSessionStore({ path, seal_key, fsync: 'never', clock: systemClock, on_problem: () => undefined });
await store.load();

/** The number of a save is in the session and in the one message that it adds: a successor has both or none. */
function go(n: number, i: number): void {
  store.save(keptSession(n), [putSession(i), putIn('1', i)], (failure) => {
    if (failure !== undefined) throw failure;
    process.stdout.write(`${i} born-${n}\n`);
    go(n, i + 1);
  });
}
for (let n = 0; n < 8; n += 1) go(n, 0);
