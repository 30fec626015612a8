import { aesGcmSealer, type DataSealer } from '@atp-router/adapters';

/** Seals with the first key and opens what any of them sealed, in their order. */
export function sealerOf(first: Uint8Array, ...others: readonly Uint8Array[]): DataSealer {
  const newest = aesGcmSealer(first);
  const sealers = [newest, ...others.map(aesGcmSealer)];
  return {
    seal: (plain) => newest.seal(plain),
    open(sealed) {
      let failure: unknown;
      for (const sealer of sealers) {
        try {
          return sealer.open(sealed);
        } catch (error) {
          failure = error;
        }
      }
      throw failure;
    },
  };
}
