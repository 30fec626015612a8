// A process that projects a journal and is killed by SIGKILL in place of its n-th SQL statement, inside a transaction or
// between two. `n` = 0: it lives to the end.
import { Projector, WHOLE_JOURNAL } from '../../../src/journal/index.ts';
import { migrate, openSqlite } from '../../../src/sql/index.ts';
import { atStatement } from './statements.ts';

const [dir = '', path = '', n = '0'] = process.argv.slice(2);
const driver = openSqlite(path);
await migrate(driver);
atStatement(Number(n), () => process.kill(process.pid, 'SIGKILL'));
const projector = await Projector.open({ dir, node_id: 'n1', driver, batch_records: 25 });
await projector.catchUp(WHOLE_JOURNAL);
await driver.close();
