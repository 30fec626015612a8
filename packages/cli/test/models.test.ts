import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CONFIG, Workplace } from './support/workplace.ts';

const at = new Workplace(CONFIG);

beforeAll(() => at.start());
afterAll(() => at.close());

const MANIFEST = {
  ...{ version: 1, model: 'small', upstream_model: 'small', model_version: '1', licence: 'Apache-2.0' },
  ...{ context: 1_000_000, capabilities: ['chat', 'tools', 'vision'], safety_grade: 'A', regions: ['eu'] },
  prices: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 },
  ...{ content_sha256: '0'.repeat(64), content: 'weights', built_by: 'somebody' },
};

function file(name: string, text: string): string {
  writeFileSync(join(at.cwd, name), text);
  return name;
}

test('signs a manifest without a router, adds it, and shows custody, status and history', async () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const key = file('release.pem', String(privateKey.export({ format: 'pem', type: 'pkcs8' })));
  const plain = file('small.json', JSON.stringify({ manifest: MANIFEST }));
  const signed = await at.run(['models', 'sign', plain, '--key', key, '--signer', 'release']);
  expect([signed.code, signed.err]).toEqual([0, expect.stringMatching(/^manifest [0-9a-f]{64}\n.*id: release/)]);
  expect(JSON.parse(signed.out)).toMatchObject({ manifest: MANIFEST, signature: { signer: 'release' } });

  // Nobody has said that this signer counts here.
  const refused = await at.run(['models', 'add', '--manifest', file('signed.json', signed.out)]);
  expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('not among registry.signers')]);
  expect(await at.fine('models', 'add', '--manifest', plain)).toBe(
    'model small is active; its manifest is not signed\n',
  );
  expect(await at.fine('models', 'verify', 'small')).toBe('small: its manifest is not signed\n');
  expect(await at.fine('models', 'verify', '--manifest', 'signed.json')).toMatch(
    /^[0-9a-f]{64} {2}small, signed by release/,
  );
  expect(await at.fine('models', 'history', 'small')).toBe('it was not moved at run time\n');
  expect(await at.fine('models', 'demote', 'small', '--note', 'too slow')).toContain('model small is fallback');
  expect(await at.fine('models', 'history', 'small')).toMatch(/active +fallback +operator .*too slow/);
  expect(await at.fine('models', 'custody', 'small')).toMatch(/deploy .*\n.*demote .*too slow/);
  expect(await at.fine('models', 'list')).toMatch(/small .* fallback .* operator +unsigned +hold/);
  expect(await at.fine('models', 'rollback', 'small')).toContain('model small is active');
  expect(await at.fine('models', 'review')).toBe('nothing was moved\n');
});

test('says what is wrong with a file, and where', async () => {
  const text = JSON.stringify({ manifest: MANIFEST });
  for (const [name, content, words] of [
    ['twice', text.replace('"licence"', '"model":"other","licence"'), '"model" stands twice in one object'],
    ['escaped', text.replace('"licence"', '"m\\u006fdel":"other","licence"'), '"model" stands twice in one object'],
    ['cut', text.slice(0, 40), 'it is not JSON'],
    ['deep', '['.repeat(40) + ']'.repeat(40), 'nested deeper than 16 levels'],
    ['large', JSON.stringify({ manifest: { ...MANIFEST, licence: 'x'.repeat(70_000) } }), 'at most 65536'],
    ['type', text.replace('"regions":["eu"]', '"regions":"eu"'), 'manifest.regions is not as it must be'],
    ['missing', text.replace('"licence":"Apache-2.0",', ''), 'manifest.licence is missing'],
  ] as const) {
    const { code, err } = await at.run(['models', 'verify', '--manifest', file(`${name}.json`, content)]);
    expect([name, code, err]).toEqual([name, 1, expect.stringContaining(words)]);
  }
});
