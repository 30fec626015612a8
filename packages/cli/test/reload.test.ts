import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { open } from './support/http.ts';
import { startRouter, tempFolder } from './support/process.ts';

const MODEL = 'models: [{ id: small, provider: up, context: 1000 }]\n';
const TWO = `providers: [{ id: up, type: sim }, { id: extra, type: sim }]\n${MODEL}`;
const ONE = `providers: [{ id: up, type: sim }]\n${MODEL}`;

interface Operated {
  readonly file: string;
  admin(method: string, path: string, body?: object): Promise<Record<string, unknown>>;
  metric(name: string): Promise<string | undefined>;
  says(pattern: RegExp): Promise<unknown>;
}

async function started(): Promise<Operated> {
  const cwd = tempFolder();
  const file = join(cwd, 'atp.yaml');
  writeFileSync(file, TWO);
  const { url, says } = await startRouter(cwd);
  const headers = { authorization: `Bearer ${readFileSync(join(cwd, '.atp/admin.key'), 'utf8').trim()}` };
  return {
    file,
    says,
    admin: async (method, path, body) => {
      const sent = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
      const reply = await open(`${url}/admin/v1${path}`, sent).whole;
      return (reply.body === '' ? {} : JSON.parse(reply.body)) as Record<string, unknown>;
    },
    metric: async (name) => {
      const { body } = await open(`${url}/metrics`, { headers }).whole;
      return new RegExp(`^${name} (.*)$`, 'm').exec(body)?.[1];
    },
  };
}

test('a file that conflicts with what was made through the admin API is offered again until it fits', async () => {
  const { file, admin, says } = await started();
  await admin('POST', '/models', { id: 'made', provider: 'extra', context: 1_000 });
  writeFileSync(file, ONE);
  await says(/"msg":"configuration rejected"/);
  expect(await admin('POST', '/config/reload')).toMatchObject({ result: 'rejected', problems: [{}] });
  await admin('DELETE', '/models/made');
  expect(await admin('POST', '/config/reload')).toMatchObject({ result: 'applied' });
  expect(await admin('POST', '/config/reload')).toMatchObject({ result: 'unchanged' });
  expect((await admin('GET', '/providers'))['data']).toHaveLength(1);
});

test('a rejected file stays reported until a good one is there, whatever operators change meanwhile', async () => {
  const { file, admin, metric, says } = await started();
  expect(await metric('atp_config_last_reload_ok')).toBe('1');
  writeFileSync(file, `${TWO}agent: []\n`);
  await says(/"msg":"configuration rejected"/);
  expect(await metric('atp_config_last_reload_ok')).toBe('0');
  await admin('POST', '/keys', { tenant: 'default', id: 'more' });
  await says(/"source":"admin","msg":"configuration applied"/);
  expect(await metric('atp_config_last_reload_ok')).toBe('0');
  // As it was: nothing to apply, but the fault is gone.
  writeFileSync(file, TWO);
  await says(/"source":"file","msg":"configuration applied"/);
  expect(await metric('atp_config_last_reload_ok')).toBe('1');
});
