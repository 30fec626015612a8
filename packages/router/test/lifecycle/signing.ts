import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { type ManifestFile, signedText } from '@atp-router/routing';
import { manifestHash } from '../../src/lifecycle/manifest-tools.ts';

/** Somebody who signs manifests. */
export interface TestSigner {
  readonly id: string;
  readonly public_key: string;
  readonly key: KeyObject;
}

export function signerOf(id: string): TestSigner {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { x } = publicKey.export({ format: 'jwk' });
  return { id, public_key: Buffer.from(x ?? '', 'base64url').toString('base64'), key: privateKey };
}

export function manifestOf(model: string, more: Readonly<Record<string, unknown>> = {}): ManifestFile['manifest'] {
  return {
    ...{ version: 1, model, upstream_model: model, model_version: '2026-11', licence: 'proprietary' },
    ...{ context: 128_000, capabilities: ['chat', 'tools'], safety_grade: 'D', regions: [] },
    prices: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 },
    ...{ content_sha256: 'a'.repeat(64), content: 'model_card', built_by: 'somebody' },
    ...more,
  } as ManifestFile['manifest'];
}

export function signed(manifest: ManifestFile['manifest'], { id, key }: TestSigner): ManifestFile {
  const value = sign(null, Buffer.from(signedText(manifestHash(manifest))), key).toString('base64');
  return { manifest, signature: { signer: id, value } };
}
