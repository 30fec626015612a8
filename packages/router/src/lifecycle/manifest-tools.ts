import { createHash, createPublicKey, type KeyObject, verify as verifySignature } from 'node:crypto';
import type { Manifest, ManifestTools } from '@atp-router/routing';
import { canonicalJson } from '@atp-router/wire';

/** DER of an Ed25519 public key (RFC 8410) before its 32 bytes. */
const SPKI_HEAD: Buffer = Buffer.from('302a300506032b6570032100', 'hex');
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** A key as the configuration has it; undefined for what is none. */
function publicKeyOf(base64: string): KeyObject | undefined {
  const raw = Buffer.from(base64, 'base64');
  if (raw.length !== KEY_BYTES) return undefined;
  try {
    return createPublicKey({ key: Buffer.concat([SPKI_HEAD, raw]), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

/** Hex SHA-256 of a manifest's canonical JSON. */
export function manifestHash(manifest: Manifest): string {
  return createHash('sha256').update(canonicalJson(manifest)).digest('hex');
}

/** The hash and the signature check that the pure core is lent. */
export const MANIFEST_TOOLS: ManifestTools = {
  hash: manifestHash,
  verify(text, public_key, signature) {
    const key = publicKeyOf(public_key);
    const bytes = Buffer.from(signature, 'base64');
    if (key === undefined || bytes.length !== SIGNATURE_BYTES) return false;
    return verifySignature(null, Buffer.from(text, 'utf8'), key, bytes);
  },
};
