import type { SessionDenied } from '@atp-router/ledger';
import { AtpClient, type ClientOptions, systemRuntime } from '@atp-router/sdk';
import { expect, onTestFinished, test } from 'vitest';
import { hashOf, type Running, startForTest, TENANT_KEY } from '../admin/harness.ts';

const SECRET = '11'.repeat(32);
const GOOD = { signing_keys: [{ id: 's1', secret: SECRET }] };

interface Seen {
  readonly running: Running;
  readonly denied: SessionDenied[];
}

async function signedRouter(): Promise<Seen> {
  const keys = [{ id: 'k1', hash: hashOf(TENANT_KEY) }];
  const tenant = { id: 'acme', keys, ...GOOD, require_signatures: true };
  const running = await startForTest({ tenants: [tenant] });
  const denied: SessionDenied[] = [];
  running.router.bus.listen((event) => {
    if (event.type === 'session.denied') denied.push(event);
  });
  return { running, denied };
}

/** What its user is told of a task that is not done. `skew_ms`: how far the client's clock is ahead. */
async function refused({ running }: Seen, options: Partial<ClientOptions>, skew_ms = 0): Promise<string> {
  const runtime = { ...systemRuntime(), Date: { now: () => Date.now() + skew_ms } };
  const at = { url: running.url, key: TENANT_KEY, reconnect: { base_ms: 1, cap_ms: 5 } };
  const client = new AtpClient({ ...at, ...options }, runtime);
  onTestFinished(() => client.close());
  const task = client.task({ prompt: 'Hi', model: 'small' });
  return await task.result().then(
    () => expect.fail('it was done'),
    ({ code, message }: { code: string; message: string }) => `${code} ${message}`,
  );
}

const HOUR_MS = 3_600_000;

test('a clock that is wrong is told from a key that is, in the log alone', async () => {
  const seen = await signedRouter();
  const words = new Set([
    await refused(seen, GOOD, HOUR_MS),
    await refused(seen, { signing_keys: [{ id: 's1', secret: '22'.repeat(32) }] }),
    await refused(seen, { signing_keys: [{ id: 's9', secret: SECRET }] }),
  ]);
  expect(words.size).toBe(1);
  const reasons = seen.denied.map(({ reason, skew_ms }) => (reason === 'clock' ? [reason, skew_ms] : [reason]));
  expect(new Set(reasons.map(([reason]) => reason))).toEqual(new Set(['clock', 'bad_signature', 'unknown_kid']));
  // Within what a test may take.
  for (const [, skew_ms] of reasons.filter(([reason]) => reason === 'clock')) {
    expect(Math.abs(Number(skew_ms) - HOUR_MS)).toBeLessThan(HOUR_MS / 2);
  }
});

test('whose key it was is in the log, also where its first frame was refused for something else', async () => {
  const seen = await signedRouter();
  await refused(seen, { key_in: 'hello' });
  expect(seen.denied).toMatchObject([{ tenant: 'acme', key_id: 'k1', reason: 'unsigned' }]);
  await refused(seen, { key_in: 'hello', key: 'no-such-key' });
  expect(seen.denied.slice(1)).toMatchObject([{ tenant: '', key_id: '', reason: 'key' }]);
});
