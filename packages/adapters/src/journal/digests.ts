import { createHash, hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Digests } from '@atp-router/ledger';

export const NODE_DIGESTS: Digests = {
  crc32: (bytes) => crc32(bytes),
  sha256Hex: (prefix, bytes) =>
    prefix === ''
      ? hash('sha256', bytes, 'hex')
      : createHash('sha256').update(prefix, 'latin1').update(bytes).digest('hex'),
};
