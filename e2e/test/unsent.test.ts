import { expect, test } from 'vitest';
import { model, provider, secretOf, standardConfig, tenant } from '../src/config.ts';
import { startRig } from '../src/harness.ts';
import { send } from '../src/http.ts';
import { textAnswer } from '../src/upstream/script.ts';

test('a client that leaves before its request had a connection pays nothing', async () => {
  const rig = await startRig((upstream) =>
    standardConfig(upstream, {
      providers: [provider(upstream, 'chat', { max_connections: 1, max_concurrency: 16 })],
      models: [
        model('m-chat', 'chat', { price: { in_usd_per_mtok: 500, out_usd_per_mtok: 2, per_request_usd: 0.01 } }),
      ],
      tenants: [tenant('acme')],
    }),
  );
  const script = await rig.upstream.script({ answer: textAnswer('One', ' two'), gates: [' two'] });
  const body = { model: 'm-chat', stream: true, messages: [{ role: 'user', content: script.mark }] };
  const first = await rig.router.ask('/v1/chat/completions', body);
  await first.until(/One/);

  const { port } = rig.router;
  const second = send({ port, path: '/v1/chat/completions', key: secretOf('acme'), body });
  await expect.poll(() => rig.router.books().opened.size).toBe(2);
  expect(await rig.router.outstanding()).toContain('atp_target_calls_in_flight 2');
  second.leave();
  await expect.poll(() => rig.router.books().ended.size).toBe(1);

  const [left] = rig.router.books().ended.values();
  expect(left).toMatchObject({ outcome: 'cancelled', cost_usd_nanos: 0, attempts: [{ usage_source: 'none' }] });
  await rig.upstream.release(script);
  await first.text();
  await expect.poll(() => rig.router.books().ended.size).toBe(2);
  expect(rig.upstream.log().filter((line) => line.t === 'request')).toHaveLength(1);
  expect(await rig.router.outstanding()).toEqual([]);
  await rig.close();
});
