import type { Rng } from './rng.ts';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * Time-ordered identifiers: 9 base32 digits of milliseconds, then 4 of a per-process counter, then a random suffix
 * drawn once per process. Unique within a process by the counter, across processes by the suffix; sortable by time.
 * Cheap on purpose (one per request); not secret.
 */
export interface IdSource {
  next(now_ms: number): string;
}

export function idSource(prefix: string, rng: Rng): IdSource {
  let suffix = '';
  for (let i = 0; i < 8; i += 1) suffix += ALPHABET.charAt(Math.floor(rng.next() * 32));
  let last_ms = -1;
  let stamp = '';
  let counter = 0;
  return {
    next(now_ms: number): string {
      if (now_ms > last_ms) {
        last_ms = now_ms;
        stamp = base32(now_ms, 9);
        counter = 0;
      }
      counter += 1;
      // 2^20 ids in one millisecond cannot happen in one process; borrowing from the future keeps them unique anyway.
      if (counter >= 0x100000) {
        last_ms += 1;
        stamp = base32(last_ms, 9);
        counter = 1;
      }
      return `${prefix}${stamp}${base32(counter, 4)}${suffix}`;
    },
  };
}

function base32(value: number, digits: number): string {
  let out = '';
  let rest = value;
  for (let i = 0; i < digits; i += 1) {
    out = ALPHABET.charAt(rest % 32) + out;
    rest = Math.floor(rest / 32);
  }
  return out;
}
