import { openLink, systemClock, systemTimers } from '@atp-router/adapters';
import { expect, it, onTestFinished } from 'vitest';
import { ownerSockets } from '../../src/processes/seat.ts';
import { until } from '../shared/support/time.ts';
import { startProcesses } from './support/processes.ts';

it('what a worker says that is no message is heard of once in a while, and its link stays', async () => {
  const problems: string[] = [];
  const onProblem = (_: string, { message }: Error): void => void problems.push(message);
  const { config } = await startProcesses(1, {}, { onProblem });
  const link = openLink({
    ...{ path: ownerSockets(config.data_dir).links, version: '1.2.3', timers: systemTimers, clock: systemClock },
    hello: () => ({ n: 7, incarnation: 1, node_id: 'n' }),
    handlers: { onMessage: () => undefined, onQuestion: () => Promise.resolve(), onDown: () => undefined },
    ...{
      onUp: () => undefined,
      onRefused: (reason: string) => expect.unreachable(reason),
      onProblem: () => expect.unreachable(),
    },
  });
  onTestFinished(() => link.close());
  await until(() => link.isUp);
  for (let i = 0; i < 10; i += 1) {
    link.peer.send('credit', { v: 1, worker: 'w7', body: { type: 'sync', slots: [{ held: { gold: -1 } }] } });
    link.peer.send('signals', [null]);
    link.peer.send('ceiling', null);
    link.peer.send('events', null);
  }
  // Who comes after it is answered.
  await expect(link.peer.ask('no such question', null, { timeout_ms: 10_000 })).rejects.toThrow(/no question/);
  expect(link.isUp).toBe(true);
  expect(problems).toEqual(['Worker 7 sent something that is not understood here (credit). It was left out.']);
});
