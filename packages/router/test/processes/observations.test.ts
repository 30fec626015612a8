import { expect, it, vi } from 'vitest';
import { hashOf, TENANT_KEY } from '../admin/harness.ts';
import { startProcesses } from './support/processes.ts';

const SOON = { timeout: 20_000, interval: 50 };

it('what several processes observe is seen, and erased, as one', { timeout: 90_000 }, async () => {
  const { workers } = await startProcesses(2, {
    observations: {},
    tenants: [{ id: 'acme', observe: true, keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }] }],
  });
  const [one, two] = workers;
  if (one === undefined || two === undefined) throw new Error('there are two workers');
  for (const [n, worker] of [one, two, one].entries()) {
    await vi.waitFor(async () => {
      // A worker may have no credit yet, and is asked again then.
      expect((await worker.chat({ messages: [{ role: 'user', content: `prompt ${n}` }] })).status).toBe(200);
    }, SOON);
  }
  const closed = await two.admin('POST', '/observations/close');
  expect((closed.json['processes'] as string[]).length).toBe(3);
  const segments = (await one.admin('GET', '/observations/segments')).json['data'] as { observations: number }[];
  expect(segments.map(({ observations }) => observations).sort()).toEqual([1, 2]);
  const { json } = await two.admin('GET', '/observations?words=true');
  const prompts = (json['data'] as { prompt: string }[]).map(({ prompt }) => prompt);
  expect(prompts.sort()).toEqual(['prompt 0', 'prompt 1', 'prompt 2']);
  // What a worker has in memory goes, too.
  expect((await one.chat({ messages: [{ role: 'user', content: 'prompt 3' }] })).status).toBe(200);
  const erased = await two.admin('POST', '/observations/erase', { tenant: 'acme' });
  expect(erased.json).toMatchObject({ observations: 4, segments: 3, unreadable: 0 });
  expect((await one.admin('GET', '/observations')).json['data']).toEqual([]);
});
