import { expect, test } from 'vitest';
import { open } from '../support/http.ts';
import { startRouter, tempFolder } from '../support/process.ts';
import { atp } from '../support/terminal.ts';

// The real program with two workers, and an operator at a terminal who does not know of them.

interface Process {
  readonly process: string;
  readonly answers: boolean;
}

test('the programs of an operator work with several processes as with one, and survive the owner', async () => {
  const cwd = tempFolder();
  const router = await startRouter(cwd, ['--workers', '2']);
  const at = ['--url', router.url];
  const json = async (...args: readonly string[]): Promise<Record<string, unknown>> => {
    const { code, out, err } = await atp([...args, ...at, '--json'], { cwd });
    expect([code, err]).toEqual([0, '']);
    return JSON.parse(out) as Record<string, unknown>;
  };
  const key = /^ {2}(atp_[a-z2-7]+)$/m.exec(router.out())?.[1] ?? '';
  const ask = async (): Promise<number> => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', connection: 'close' };
    // A stream asks one model, so that each call is granted once.
    const body = JSON.stringify({ model: 'auto', stream: true, messages: [{ role: 'user', content: 'Hi' }] });
    return (await open(`${router.url}/v1/chat/completions`, { method: 'POST', headers, body }).whole).status;
  };
  // Enough that both have some, most likely; the sums are right whoever has them.
  expect(await Promise.all(Array.from({ length: 20 }, ask))).toEqual(Array.from({ length: 20 }, () => 200));
  const granted = async (): Promise<number> => {
    const tiers = (await json('top'))['tiers'] as { readonly granted_total: number }[];
    return tiers.reduce((sum, tier) => sum + tier.granted_total, 0);
  };
  expect(await granted()).toBe(20);
  const processes = async (): Promise<string[]> => {
    const all = (await json('status'))['processes'] as Process[];
    return all.map((one) => `${one.process} ${one.answers}`);
  };
  expect(await processes()).toEqual(['owner true', 'worker:1 true', 'worker:2 true']);
  expect(await json('sessions', 'list')).toMatchObject({ total: 0 });
  expect(await json('agents', 'list')).toMatchObject({ total: 0 });
  const kill = await json('kill', 'on', 'tenant', 'default', '--reason', 'enough');
  expect(kill).toMatchObject({ on: true, stopped_calls: 0 });
  expect(await Promise.all([ask(), ask(), ask(), ask()])).toEqual([403, 403, 403, 403]);
  await json('kill', 'off', 'tenant', 'default');

  const owner = /"child":"owner","pid":(\d+)/.exec(router.err())?.[1];
  process.kill(Number(owner), 'SIGKILL');
  const state = async (): Promise<number> => (await atp(['status', ...at], { cwd })).code;
  await router.says(/"process":"owner".*"msg":"ready"[\s\S]*"process":"owner".*"msg":"ready"/);
  await expect.poll(state, { timeout: 30_000, interval: 200 }).toBe(0);
  await expect.poll(processes, { timeout: 30_000, interval: 200 }).toHaveLength(3);
  await expect.poll(granted, { timeout: 30_000, interval: 200 }).toBe(20);
}, 120_000);
