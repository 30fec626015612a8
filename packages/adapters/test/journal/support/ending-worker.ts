// A projection worker that ends in place of its n-th SQL statement.
import { workerData } from 'node:worker_threads';
import { atStatement } from './statements.ts';

atStatement((workerData as { statements: number }).statements, () => process.exit(1));
await import('../../../src/journal/journal-worker.ts');
