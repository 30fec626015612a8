import { expect, test } from 'vitest';
import { configOf, dataDir, start } from '../admin/harness.ts';
import { through, upstream } from '../admin/upstream.ts';

type Section = Readonly<Record<string, unknown>>;

test('breaker and readiness settings of a provider hold from the reload on, also for models that were used', async () => {
  const up = await upstream((_req, res) => res.writeHead(500).end());
  const section = through(up.base_url);
  const [provider] = section['providers'] as Section[];
  const dir = dataDir();
  const config = (more: Section, models = section['models']): ReturnType<typeof configOf> =>
    configOf(dir, { models, providers: [{ ...provider, retry: { max_attempts: 1 }, ...more }] });
  const { router, admin, chat, stop } = await start({ config: config({}) });
  try {
    const target = async (): Promise<Section | undefined> =>
      ((await admin('GET', '/live')).json['targets'] as Section[])[0];
    await chat({});
    expect(await target()).toMatchObject({ breaker: 'closed' });
    const strict = { breaker: { min_calls: 1, failure_ratio: 0.1, open_ms: 3_600_000 } };
    expect(router.manager.replaceBase(config(strict)).ok).toBe(true);
    // What was counted before stays: the second failure is enough now.
    await chat({});
    expect(await target()).toMatchObject({ breaker: 'open' });
    // A model that is gone is forgotten with its breaker.
    const other = { id: 'other', provider: 'up', context: 8_000 };
    expect(router.manager.replaceBase(config(strict, [other])).ok).toBe(true);
    expect(router.manager.replaceBase(config(strict)).ok).toBe(true);
    expect(await target()).toMatchObject({ breaker: 'closed', samples: 0 });
  } finally {
    await stop();
  }
});
