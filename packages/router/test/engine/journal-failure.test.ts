import { expect, it } from 'vitest';
import { good, Stage } from './support/fixed.ts';

it('begins no call while the journal cannot be written, and promises it nothing', async () => {
  const stage = new Stage({ script: () => good(10, 5_000), log: { delay_ms: 0, broken_from_ms: 1_000 } });
  const running = stage.ask();
  await stage.pass(2_000);
  const before = stage.world.log.events.length;
  for (const more of [{}, { idempotency_key: 'k' }, { stream: false }]) {
    const { client } = stage.ask(more);
    expect(client.error).toMatchObject({ code: 'internal_error', status: 503 });
  }
  expect(stage.world.upstreams.all).toHaveLength(1);
  // The journal leaves refusals out; intents and ends of calls that never ran would fill its memory.
  expect(stage.world.log.events.slice(before).map((event) => event.type)).toEqual(Array(3).fill('call.refused'));
  expect(await stage.end()).toEqual([]);
  expect(stage.world.log.of('call.ended').map((event) => event.call_id)).toEqual([running.call_id]);
});
