import { expect, it } from 'vitest';
import { replayMoves, statusOf, type Move } from '@atp-router/routing';
import { configOf, dataDir, errorOf, type Running, start, startForTest } from '../admin/harness.ts';
import { type Journaled, journaled } from './journaled.ts';
import { manifestOf, signed, signerOf } from './signing.ts';

const MODEL = {
  ...{ provider: 'sim', context: 128_000, max_output_tokens: 4_000, capabilities: ['chat'] },
  price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 },
};
const TWO = {
  models: [
    { id: 'old', ...MODEL },
    { id: 'new', ...MODEL, status: 'shadow' },
  ],
};

const moved = (running: Running, id: string, to: string) => running.admin('POST', `/lifecycle/${id}/move`, { to });
const statusIn = async (running: Running, id: string): Promise<unknown> =>
  (await running.admin('GET', `/lifecycle/${id}`)).json['status'];

it('a shadow answers nobody until it is promoted, and a rollback takes that back, step by step', async () => {
  const running = await startForTest(TWO);
  expect((await running.chat({ model: 'new' })).status).toBe(403);
  expect((await running.chat({ model: 'auto' })).json['model']).toBe('sim-old');

  expect((await moved(running, 'new', 'active')).json).toMatchObject({
    ...{ status: 'active', configured_status: 'shadow', cause: 'operator', by: 'root' },
    moves: [{ from: 'shadow', to: 'active' }],
    custody: [{ step: 'promote', by: 'root' }],
  });
  expect((await running.chat({ model: 'new' })).json['model']).toBe('sim-new');
  expect(errorOf(await moved(running, 'new', 'active')).message).toContain('it is active already');

  await moved(running, 'new', 'fallback');
  expect((await running.chat({ model: 'auto' })).json['model']).toBe('sim-old');
  for (const status of ['active', 'shadow']) {
    expect((await running.admin('POST', '/lifecycle/new/rollback', {})).json['status']).toBe(status);
  }
  const nothing = await running.admin('POST', '/lifecycle/new/rollback', {});
  expect([nothing.status, errorOf(nothing).code]).toEqual([409, 'conflict']);
  expect((await running.admin('POST', '/lifecycle/nobody/rollback', {})).status).toBe(404);
});

it('survives a restart, and a replay of the journal gives the statuses in force', async () => {
  const config = configOf(dataDir(), TWO);
  const first = await start({ config });
  await moved(first, 'new', 'active');
  await moved(first, 'old', 'deprecated');
  await moved(first, 'new', 'fallback');
  await first.admin('POST', '/lifecycle/new/rollback', {});
  await first.stop();

  const second = await start({ config });
  expect([await statusIn(second, 'new'), await statusIn(second, 'old')]).toEqual(['active', 'deprecated']);
  expect((await second.admin('GET', '/models/new')).json['status']).toBe('active');
  await second.stop();

  const events = journaled(config.data_dir);
  const of = (id: string): Move[] =>
    events.filter(
      (one): one is Extract<Journaled, { type: 'model.moved' }> => one.type === 'model.moved' && one.model === id,
    );
  expect(of('new').map(({ to }) => to)).toEqual(['active', 'fallback', 'active']);
  expect(statusOf(replayMoves(of('new')), 'shadow')).toBe('active');
  expect(statusOf(replayMoves(of('old')), 'active')).toBe('deprecated');
});

it('asks nobody without a manifest that counts, where one is required', async () => {
  const [signer, stranger] = [signerOf('release'), signerOf('release')];
  const { id, public_key } = signer;
  const running = await startForTest({ ...TWO, registry: { signers: [{ id, public_key }], require: 'any' } });
  const refused = await running.chat({ model: 'old' });
  expect([refused.status, errorOf(refused).message]).toEqual([403, expect.stringContaining('it has no manifest')]);

  const put = (file: unknown) => running.admin('PUT', '/lifecycle/old/manifest', file);
  const manifest = manifestOf('old', { capabilities: ['chat'] });
  expect(errorOf(await put({ manifest })).message).toContain('"deploy"');
  expect(errorOf(await put(signed(manifest, stranger))).message).toContain('is not that of signer "release"');
  expect(errorOf(await put(signed(manifest, { ...signer, id: 'other' }))).message).toContain(
    'not among registry.signers',
  );
  expect(errorOf(await put(signed(manifestOf('new'), signer))).message).toContain('it is of model "new"');
  expect(errorOf(await put(signed({ ...manifest, context: 1_000 }, signer))).message).toContain('its context is 1000');
  const forged = signed(manifest, signer);
  const changed = await put({ ...forged, manifest: { ...manifest, licence: 'free' } });
  expect(errorOf(changed).message).toContain('is not that of signer');

  expect((await put(forged)).json).toMatchObject({
    manifest: { state: 'valid' },
    custody: [
      { step: 'sign', by: 'signer:release' },
      { step: 'deploy', by: 'root' },
    ],
  });
  expect((await running.chat({ model: 'old' })).status).toBe(200);
  const promote = await moved(running, 'new', 'active');
  expect([promote.status, errorOf(promote).message]).toEqual([
    409,
    expect.stringContaining('needs "deploy" before it'),
  ]);
});

it('leaves models without a manifest out of "auto" alone, where that is all that is asked', async () => {
  const { id, public_key } = signerOf('release');
  const running = await startForTest({ registry: { signers: [{ id, public_key }], require: 'auto' } });
  expect((await running.chat({ model: 'auto' })).status).toBe(403);
  expect((await running.chat({ model: 'small' })).status).toBe(200);
});

it('says what is wrong with a manifest, and where', async () => {
  const { admin } = await startForTest();
  const manifest = { ...manifestOf('small'), version: 2, context: 'long', content_sha256: 'XYZ', rank: 1 };
  const reply = await admin('PUT', '/lifecycle/small/manifest', {
    manifest,
    signature: { signer: 'a', value: 'short' },
  });
  expect(reply.status).toBe(400);
  for (const part of ['manifest.version', 'manifest.context', 'manifest.content_sha256', '"rank"', 'signature.value']) {
    expect(errorOf(reply).message).toContain(part);
  }
  const large = await admin('PUT', '/lifecycle/small/manifest', { manifest: { licence: 'x'.repeat(70_000) } });
  expect(errorOf(large).message).toContain('larger than 65536 bytes');
});

it('keeps what was built and scanned on record, in order', async () => {
  const { admin } = await startForTest(TWO);
  const step = (body: object) => admin('POST', '/lifecycle/new/custody', body);
  await step({ step: 'build', note: 'pipeline 7' });
  const scanned = await step({ step: 'scan' });
  expect(scanned.json['custody']).toMatchObject([{ step: 'build', note: 'pipeline 7' }, { step: 'scan' }]);
  await admin('PUT', '/lifecycle/new/manifest', { manifest: manifestOf('new') });
  const late = await step({ step: 'scan' });
  expect([late.status, errorOf(late).message]).toEqual([409, expect.stringContaining('needs a manifest of its own')]);
  expect((await admin('GET', '/lifecycle')).json['data']).toMatchObject([
    { id: 'new', manifest: { state: 'unsigned' }, verdict: { kind: 'hold' } },
    { id: 'old', manifest: { state: 'none' } },
  ]);
});
