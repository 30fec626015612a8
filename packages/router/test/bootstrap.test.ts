import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkConfig, type Config, readLocalAdminKey } from '@atp-router/adapters';
import type { RouterEvent } from '@atp-router/ledger';
import { ADMIN_OWNER, bootstrap, countKeys, createKey, createRouter, type Router } from '@atp-router/router';
import { describe, expect, onTestFinished, test } from 'vitest';

const SOURCES = { env: (): undefined => undefined, file: (): undefined => undefined };

const BASE = `listen: { port: 0 }
providers: [{ id: up, type: sim }]
models: [{ id: m, provider: up, context: 1000 }]
`;

function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'atp-bootstrap-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function configOf(more: string, folder: string): Config {
  const result = checkConfig(BASE + more, SOURCES, { base_dir: folder });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.config;
}

async function routerWith(more: string, folder: string = tempFolder()): Promise<{ router: Router; data_dir: string }> {
  const config = configOf(more, folder);
  const router = await createRouter({ config, version: '0.0.0-test', sources: SOURCES });
  onTestFinished(() => router.stop('test over'));
  return { router, data_dir: config.data_dir };
}

const hashOf = (secret: string): string => `sha256:${createHash('sha256').update(secret).digest('hex')}`;
const HASH = hashOf('a key of the file');

describe('bootstrap', () => {
  test('makes tenant, key and admin key, in one go, as entities', async () => {
    const { router, data_dir } = await routerWith('');
    const seen: RouterEvent[] = [];
    router.bus.listen((event) => void seen.push(event));
    const made = await bootstrap(router, data_dir);
    expect(made).toMatchObject({ tenant: 'default', key: { tenant: 'default', id: 'k1' }, admin_key: { id: 'local' } });
    expect(seen.map((event) => (event.type === 'entity.put' ? `${event.kind} ${event.id}` : event.type))).toEqual([
      'tenant default',
      'key default/k1',
      'key @admin/local',
      'limits.changed',
      'config.applied',
    ]);
    const secrets = [made.key?.secret, made.admin_key?.secret].map((secret) => secret ?? 'missing');
    for (const secret of secrets) expect(JSON.stringify(seen)).not.toContain(secret);
    expect(made.key?.hash).toBe(hashOf(secrets[0] ?? ''));
    expect(readLocalAdminKey(data_dir)).toBe(secrets[1]);
    expect(await bootstrap(router, data_dir)).toEqual({});
  });

  test('leaves tenants and admin keys of the file alone', async () => {
    const { router, data_dir } = await routerWith(
      `tenants: [{ id: acme }]\nadmin: { keys: [{ id: ops, hash: "${HASH}" }] }\n`,
    );
    expect(await bootstrap(router, data_dir)).toEqual({});
    expect(readLocalAdminKey(data_dir)).toBeUndefined();
    expect(countKeys(router.manager, 'acme')).toBe(0);
  });

  test('a tenant of the file called default gets no key', async () => {
    const { router, data_dir } = await routerWith('tenants: [{ id: default }]\n');
    expect(await bootstrap(router, data_dir)).toMatchObject({ admin_key: { id: 'local' } });
    expect(countKeys(router.manager, 'default')).toBe(0);
  });

  test('what cannot be journaled is not in force, and the next try makes it', async () => {
    const { router, data_dir } = await routerWith('');
    const full = new Error('the disk is full');
    const broken = { append: () => undefined, written: () => Promise.reject(full) };
    await expect(bootstrap({ manager: router.manager, bus: broken }, data_dir)).rejects.toBe(full);
    expect(router.manager.config.tenants).toEqual([]);
    expect(countKeys(router.manager, ADMIN_OWNER)).toBe(0);
    const made = await bootstrap(router, data_dir);
    expect(readLocalAdminKey(data_dir)).toBe(made.admin_key?.secret);
  });

  test('revoked keys are not replaced', async () => {
    const folder = tempFolder();
    const first = await routerWith('', folder);
    const { key } = await bootstrap(first.router, first.data_dir);
    const value = { id: 'k1', tenant: 'default', hash: key?.hash, display: key?.display, state: 'revoked' };
    const entity = { kind: 'key', id: 'default/k1', value } as const;
    await first.router.manager.change([{ op: 'put', entity }], () => {
      first.router.bus.append({ type: 'entity.put', ...entity, by: 'test' });
      return first.router.bus.written();
    });
    await first.router.stop('restart');
    const second = await routerWith('', folder);
    expect(await bootstrap(second.router, second.data_dir)).toEqual({});
  });
});

describe('createKey', () => {
  test('takes the first free id, or the one that is wanted', async () => {
    const { router } = await routerWith(`tenants: [{ id: acme, keys: [{ id: k1, hash: "${HASH}" }] }]\n`);
    expect(await createKey(router, { tenant: 'acme', by: 'test' })).toMatchObject({ id: 'k2', tenant: 'acme' });
    expect(await createKey(router, { tenant: 'acme', id: 'ci', by: 'test' })).toMatchObject({ id: 'ci' });
    expect(await createKey(router, { tenant: ADMIN_OWNER, by: 'test' })).toMatchObject({ id: 'k1', tenant: '@admin' });
  });

  test.each([
    ['nope', undefined, 'not_found'],
    ['acme', 'k1', 'conflict'],
    ['acme', '../x', 'invalid_request'],
    ['acme', '', 'invalid_request'],
  ] as const)('tenant %s, id %s: %s', async (tenant, id, code) => {
    const { router } = await routerWith(`tenants: [{ id: acme, keys: [{ id: k1, hash: "${HASH}" }] }]\n`);
    const request = { tenant, by: 'test', ...(id === undefined ? {} : { id }) };
    await expect(createKey(router, request)).rejects.toMatchObject({ code });
  });
});
