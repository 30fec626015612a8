import { aesGcmSealer, type Config, type DataDirSecrets, type DataSealer } from '@atp-router/adapters';

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

/** Seals with the key of the shared database where there is one, else with the data directory's; opens with both. */
export function dataSealer({ store }: Config, secrets: Pick<DataDirSecrets, 'seal_key'>): DataSealer {
  const is_shared = store.type === 'postgres' && store.seal_key !== undefined;
  const shared = is_shared ? [Buffer.from(store.seal_key, 'hex')] : [];
  const [first = secrets.seal_key, ...others] = [...shared, secrets.seal_key];
  return sealerOf(first, ...others);
}
