import type { RouterEvent } from '@atp-router/ledger';
import { expect, it } from 'vitest';
import { EventBus } from '../../src/observe/event-bus.ts';
import { type EventBatch, EventTap } from '../../src/processes/event-tap.ts';

function rig(): { readonly bus: EventBus; readonly tap: EventTap; readonly sent: EventBatch[]; ring(): void } {
  const bus = new EventBus({ failure: undefined, append: () => undefined, barrier: (done) => done() });
  const sent: EventBatch[] = [];
  const due: (() => void)[] = [];
  const timers = {
    after: (_ms: number, run: () => void) => ({ cancel: () => due.splice(due.indexOf(run), 1), at: due.push(run) }),
  };
  const tap = new EventTap({ bus, clock: { now_ms: () => 7 }, timers, send: (batch) => sent.push(batch) });
  return {
    ...{ bus, tap, sent },
    ring: () => {
      for (const run of due.splice(0)) run();
    },
  };
}

const refused: RouterEvent = { type: 'call.refused', tenant: 'a', key_id: 'k', endpoint: 'ask', error: 'backpressure' };
const stopped: RouterEvent = { type: 'node.stopped', reason: 'test' };
const reloaded = { type: 'config.applied', source: 'file' } as unknown as RouterEvent;

it('tells what is watched, together, and nothing of what the owner has itself', () => {
  const { bus, tap, sent, ring } = rig();
  bus.append(refused);
  tap.watch(null);
  for (const event of [refused, reloaded, stopped]) bus.append(event);
  ring();
  tap.watch(['node.stopped']);
  for (const event of [refused, stopped]) bus.append(event);
  ring();
  tap.watch([]);
  bus.append(stopped);
  ring();
  const told = sent.map(({ events, dropped }) => [events.map(({ event, ts_ms }) => `${event.type} ${ts_ms}`), dropped]);
  expect(told).toEqual([
    [['call.refused 7', 'node.stopped 7'], 0],
    [['node.stopped 7'], 0],
  ]);
});

it('counts what is too much for one batch, and forgets what nobody can be told of any more', () => {
  const { bus, tap, sent, ring } = rig();
  tap.watch(null);
  for (let i = 0; i < 1_500; i += 1) bus.append(refused);
  ring();
  expect([sent[0]?.events.length, sent[0]?.dropped]).toEqual([1_024, 476]);
  bus.append(refused);
  tap.end();
  ring();
  expect(sent.length).toBe(1);
});
