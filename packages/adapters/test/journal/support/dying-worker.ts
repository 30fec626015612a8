// A projection worker that dies when it is first asked for the operators' log.
import { parentPort } from 'node:worker_threads';
import '../../../src/journal/journal-worker.ts';

parentPort?.on('message', (message: { name?: string }) => {
  if (message.name === 'events.recent') process.exit(1);
});
