import { createHash, createHmac } from 'node:crypto';
import type { Digests } from '../../src/index.ts';

/** The digests of the runtime, as a shell hands them in. */
export const digests: Digests = {
  sha256: (bytes) => Uint8Array.from(createHash('sha256').update(bytes).digest()),
  hmacSha256: (key, bytes) => Uint8Array.from(createHmac('sha256', key).update(bytes).digest()),
};
