import { parentPort, workerData } from 'node:worker_threads';
import { AtpError, assert, isAtpError } from '@atp-router/kernel';
import { reasonOf, toWire, type WireError } from '../journal/worker-protocol.ts';
import { fileProblem } from '../system-error.ts';
import { openSessionFile, type SessionFile } from './file.ts';
import type { FromWorker, ToWorker, WorkerInput } from './worker-protocol.ts';

/** The thread that has the file of the sessions: `node:sqlite` blocks, and a commit may wait for the disk. */
function main(): void {
  const port = parentPort;
  assert(port !== null, 'this file runs in a worker thread');
  const send = (message: FromWorker): void => port.postMessage(message);
  const file = open(workerData as WorkerInput, send);
  if (file === undefined) return;
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'close') {
      file.close();
      port.close();
    } else send(apply(file, message));
  });
}

function open(input: WorkerInput, send: (message: FromWorker) => void): SessionFile | undefined {
  try {
    const { file, opening } = openSessionFile(input, (found) => send({ kind: 'found', found }));
    send({ kind: 'ready', ...opening });
    return file;
  } catch (error) {
    send({ kind: 'not_ready', error: problem(fileProblem('The file of the sessions', input.path, error)) });
    return undefined;
  }
}

function apply(file: SessionFile, { changes, now_ms }: Extract<ToWorker, { kind: 'batch' }>): FromWorker {
  try {
    file.apply(changes, now_ms);
    return { kind: 'done' };
  } catch (error) {
    return { kind: 'done', error: problem(error) };
  }
}

/** For the operator's log, which has no more than the message; clients are told in other words. */
function problem(error: unknown): WireError {
  if (isAtpError(error)) return toWire(error);
  const why = `sessions.sqlite cannot be written (${reasonOf(error)})`;
  const message = `${why}: sessions that change meanwhile end. Look after the disk of the data directory.`;
  return toWire(new AtpError('internal_error', message, { cause: error }));
}

main();
