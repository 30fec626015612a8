import { RouterMetrics } from '@atp-router/adapters';
import { AccountLedger, CreditWorker, type Now, type OwnerMessage, type WorkerEffect } from '@atp-router/flow';
import { expect, it } from 'vitest';
import type { Ambient } from '../../src/engine/ports.ts';
import { FlowCounts } from '../../src/observe/flow-watch.ts';
import { OwnerGate } from '../../src/processes/owner-gate.ts';

const ACCOUNT = 'provider:up';
const ONE = { calls: 1, tokens: 10, usd_nanos: 0 };

type Effect = WorkerEffect<number>;

it('pressure on queues counts at the owner, where they are', async () => {
  let ms = 1_000;
  const now = (): Now => ({ now_ms: 1_700_000_000_000 + ms, mono_ms: ms });
  const clock = { now_ms: () => now().now_ms, mono_ms: () => ms };
  const timers = { after: () => ({ cancel: () => undefined }) };
  const ambient = { clock, timers } as unknown as Ambient;
  const accounts = new AccountLedger();
  accounts.setLimits(ACCOUNT, { max_parallel: 1 });
  const metrics = new RouterMetrics('1.2.3');
  const heard: string[] = [];
  const mailed: OwnerMessage[] = [];
  const gate = new OwnerGate({
    ...{ accounts, ambient, epoch: 1, workers: [] },
    watch: new FlowCounts(metrics.flow),
    send: (message) => mailed.push(message),
    onDeposed: (epoch) => expect.unreachable(`deposed by ${epoch}`),
  });
  gate.listen({ marked: (account, is_high) => heard.push(`${account} ${is_high}`) });
  const worker = new CreditWorker<number>({ worker: 'w1', incarnation: 1, limitsOf: (id) => accounts.limitsOf(id) });
  const decided: Extract<Effect, { kind: 'decided' }>['ticket'][] = [];
  const take = (effects: readonly Effect[]): void => {
    for (const effect of effects) {
      if (effect.kind === 'send') gate.receive(effect.message);
      else if (effect.kind === 'decided') decided.push(effect.ticket);
    }
    for (const message of mailed.splice(0)) take(worker.receive(message, now()));
  };
  take(worker.connected(now()));
  const rest = { session: '', deadline_mono_ms: Infinity };
  const key = { qos: 'silver', tenant: 'acme', weight: 1, tokens: 10, ...rest } as const;
  const parts = [{ accounts: [ACCOUNT], amounts: ONE, wait_ms: 600_000 }];
  for (let owner = 0; owner < 20; owner += 1) {
    take(worker.request({ owner, key, parts, is_preemptible: false }, now()).effects);
  }
  // One after the other, each for longer than the high mark.
  while (decided.length > 0) {
    ms += 1_500;
    const [ticket] = decided.splice(0, 1);
    if (ticket?.state.kind === 'granted') take(worker.end(ticket, 0, ONE, now()));
    take(worker.tick(now()));
  }
  expect(heard).toEqual([`${ACCOUNT} true`, `${ACCOUNT} false`]);
  const text = await metrics.render();
  expect(text).toContain('atp_flow_pressure_changes_total{level="provider",mark="high"} 1\n');
  expect(text).toContain('atp_flow_pressure_changes_total{level="provider",mark="low"} 1\n');
  void gate.close();
});
