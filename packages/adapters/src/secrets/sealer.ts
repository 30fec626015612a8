import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { AtpError } from '@atp-router/kernel';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Authenticated encryption of what is kept at rest. */
export interface DataSealer {
  /** Plain bytes → base64 of nonce, ciphertext and tag. */
  seal(plain: Uint8Array): string;
  /** The inverse. Throws `internal_error` when the text was changed or sealed with another key. */
  open(sealed: string): Uint8Array;
}

/** AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D): good for 2^32 seals under one key. */
export function aesGcmSealer(key: Uint8Array): DataSealer {
  return {
    seal(plain) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64');
    },
    open(sealed) {
      const bytes = Buffer.from(sealed, 'base64');
      try {
        const end = bytes.length - TAG_BYTES;
        if (end < NONCE_BYTES) throw new Error('the text is too short to hold a nonce and a tag');
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), {
          authTagLength: TAG_BYTES,
        });
        decipher.setAuthTag(bytes.subarray(end));
        return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, end)), decipher.final()]);
      } catch (cause) {
        throw new AtpError('internal_error', 'A stored outcome cannot be opened with the key in the data directory.', {
          cause,
        });
      }
    },
  };
}
