import { AtpClient, AtpTaskError, type ClientSigningKey } from '@atp-router/sdk';
import { expect, test } from 'vitest';
import { startForTest, TENANT_KEY, hashOf } from '../admin/harness.ts';

const SECRETS = ['11', '22', '33'].map((byte) => byte.repeat(32));
const key = (id: string, secret: number, more: object = {}): object => ({ id, secret: SECRETS[secret], ...more });

/** A router whose tenant signs with these keys. */
async function signedRouter(signing_keys: readonly object[], require_signatures = true): Promise<string> {
  const keys = [{ id: 'k1', hash: hashOf(TENANT_KEY) }];
  const { url } = await startForTest({ tenants: [{ id: 'acme', keys, signing_keys, require_signatures }] });
  return url;
}

async function ask(url: string, signing_keys: readonly ClientSigningKey[]): Promise<string> {
  const client = new AtpClient({ url, key: TENANT_KEY, signing_keys, reconnect: { base_ms: 1, cap_ms: 5 } });
  try {
    const { finish } = await client.task({ prompt: 'Hi', model: 'small' }).result();
    await client.close();
    return finish;
  } catch (error) {
    return error instanceof AtpTaskError ? error.code : String(error);
  }
}

test('a signed session with a key of the tenant does its tasks', async () => {
  const url = await signedRouter([key('s1', 0)]);
  expect(await ask(url, [{ id: 's1', secret: SECRETS[0] ?? '' }])).toBe('stop');
});

test('sessions that are not signed are refused where they have to be, and taken where they need not', async () => {
  expect(await ask(await signedRouter([key('s1', 0)]), [])).toBe('ESEC');
  expect(await ask(await signedRouter([key('s1', 0)], false), [])).toBe('stop');
});

test('a wrong secret, an unknown key and one that has ended are refused in the same words', async () => {
  const ended = { not_after: '2020-01-01T00:00:00Z' };
  const url = await signedRouter([key('s1', 0), key('old', 2, ended)]);
  expect(await ask(url, [{ id: 's1', secret: SECRETS[1] ?? '' }])).toBe('ESEC');
  expect(await ask(url, [{ id: 'other', secret: SECRETS[0] ?? '' }])).toBe('ESEC');
  expect(await ask(url, [{ id: 'old', secret: SECRETS[2] ?? '' }])).toBe('ESEC');
});

test('while keys rotate, either is accepted, and the router signs with the one that began last', async () => {
  const newer = { not_before: '2021-01-01T00:00:00Z' };
  const url = await signedRouter([key('s1', 0), key('s2', 1, newer)]);
  const both = [
    { id: 's1', secret: SECRETS[0] ?? '' },
    { id: 's2', secret: SECRETS[1] ?? '' },
  ];
  expect(await ask(url, both)).toBe('stop');
  // The client does not have the new key yet: it cannot read what the router says.
  expect(await ask(url, both.slice(0, 1))).toBe('ESEC');
});
