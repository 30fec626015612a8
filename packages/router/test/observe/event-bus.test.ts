import type { RouterEvent } from '@atp-router/ledger';
import { expect, it } from 'vitest';
import { EventBus } from '../../src/observe/event-bus.ts';

const REFUSED: RouterEvent = { type: 'call.refused', tenant: 'a', key_id: 'k', endpoint: 'ask', error: 'draining' };
const STOPPED: RouterEvent = { type: 'node.stopped', reason: 'x' };

function busOf(faults: unknown[] = []): { bus: EventBus; seen: string[] } {
  const seen: string[] = [];
  const journal = {
    failure: undefined,
    append: (event: RouterEvent): void => void seen.push(`journal ${event.type}`),
    barrier: (done: () => void): void => done(),
  };
  return { bus: new EventBus(journal, (error) => faults.push(error)), seen };
}

it('writes to the journal first, then tells the listeners in their order', () => {
  const { bus, seen } = busOf();
  bus.listen(() => seen.push('first'));
  bus.listen(() => seen.push('second'));
  bus.append(STOPPED);
  expect(seen).toEqual(['journal node.stopped', 'first', 'second']);
});

it('keeps events that settle nothing out of the journal', () => {
  const { bus, seen } = busOf();
  bus.listen((event) => seen.push(event.type));
  bus.append(REFUSED);
  bus.append({ type: 'call.replayed', tenant: 'a', key_id: 'k', endpoint: 'ask', call_id: 'c' });
  bus.append({ type: 'stage.aborted', call_id: 'c', tenant: 'a', stage: 's', error: 'policy_denied' });
  bus.announce(STOPPED);
  expect(seen).toEqual(['call.refused', 'call.replayed', 'stage.aborted', 'node.stopped']);
});

it('goes on when a listener throws, counts it, and tells of the first', () => {
  const faults: unknown[] = [];
  const { bus, seen } = busOf(faults);
  const fault = new Error('listener');
  bus.listen(() => {
    throw fault;
  });
  bus.listen((event) => seen.push(event.type));
  bus.append(STOPPED);
  bus.append(STOPPED);
  expect(seen.filter((one) => one === 'node.stopped').length).toBe(2);
  expect([bus.listener_errors, faults]).toEqual([2, [fault]]);
});

it('lets a listener end its own subscription while an event goes round', () => {
  const { bus, seen } = busOf();
  const stop = bus.listen(() => {
    seen.push('once');
    stop?.();
  });
  bus.listen(() => seen.push('always'));
  bus.append(REFUSED);
  bus.append(REFUSED);
  expect(seen).toEqual(['once', 'always', 'always']);
});

it('lets the same function listen twice, and each subscription end alone', () => {
  const { bus, seen } = busOf();
  const listener = (event: RouterEvent): void => void seen.push(event.type);
  const stop = bus.listen(listener);
  bus.listen(listener);
  stop();
  bus.append(REFUSED);
  expect(seen).toEqual(['call.refused']);
});

it('takes 64 live streams and no more, beside any number of its own parts', () => {
  const { bus } = busOf();
  for (let n = 0; n < 100; n += 1) bus.listen(() => undefined);
  const stops = Array.from({ length: 64 }, () => bus.stream(() => undefined));
  expect(bus.stream(() => undefined)).toBeUndefined();
  // One that ends twice makes room for one.
  stops[0]?.();
  stops[0]?.();
  expect(bus.stream(() => undefined)).toBeTypeOf('function');
  expect(bus.stream(() => undefined)).toBeUndefined();
});
