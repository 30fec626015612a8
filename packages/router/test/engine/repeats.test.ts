import { AtpError } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { configOf, good, Stage } from './support/fixed.ts';

const KEY = { idempotency_key: 'one' };

describe('requests that wait behind an idempotency key', () => {
  test('get the outcome of a call that took longer than outcomes are kept, and nothing is billed twice', async () => {
    const config = configOf({ idempotency: { ttl_ms: 1_000 } });
    const stage = new Stage({ config, script: () => good(3, 5_000) });
    const first = stage.ask(KEY);
    await stage.pass(100);
    const waits = stage.ask(KEY);
    await stage.pass(5_500);
    const late = stage.ask(KEY);
    await stage.pass(10);
    expect(await stage.end()).toEqual([]);
    expect([first, waits, late].map(({ client }) => client.ending)).toEqual(['end', 'end', 'end']);
    expect(waits.client.text).toBe(first.client.text);
    expect(stage.world.log.of('call.ended')).toHaveLength(1);
    // The time of an outcome begins with the end of its call.
    const [stored] = stage.world.log.of('idempotency.stored');
    const [ended] = stage.world.log.of('call.ended');
    expect(stored?.expires_ms).toBeGreaterThanOrEqual((ended?.started_ms ?? 0) + 5_900);
    expect(ended?.idempotency?.expires_ms).toBe(stored?.expires_ms);
  });

  test('count as calls in flight', async () => {
    const config = configOf({ limits: { calls_in_flight: 3 } });
    const stage = new Stage({ config, script: () => good(3, 1_000) });
    stage.ask(KEY);
    await stage.pass(50);
    const waits = [stage.ask(KEY), stage.ask(KEY)];
    expect(stage.world.engine.in_flight).toBe(3);
    expect(stage.ask().client.error?.code).toBe('backpressure');
    expect(stage.ask(KEY).client.error?.code).toBe('backpressure');
    expect(await stage.end()).toEqual([]);
    expect(waits.map(({ client }) => client.ending)).toEqual(['end', 'end']);
    expect(stage.world.engine.in_flight).toBe(0);
  });

  test('are waited for by a router that goes down, and ended with it', async () => {
    const stage = new Stage({ script: () => good(3, 60_000) });
    stage.ask(KEY);
    await stage.pass(50);
    const waits = stage.ask(KEY);
    const leaves = stage.ask({ ...KEY, leaves_after_ms: 100 });
    await stage.pass(200);
    expect(leaves.client.error?.code).toBe('request_cancelled');
    let drained = false;
    void stage.world.engine.drain().then(() => {
      drained = true;
    });
    await stage.pass(1_000);
    expect([drained, stage.world.engine.in_flight]).toEqual([false, 2]);
    stage.world.engine.abortAll(new AtpError('draining', 'The test is over.'));
    expect(await stage.end()).toEqual([]);
    expect(waits.client.error?.code).toBe('draining');
    expect(drained).toBe(true);
  });
});
