export { type Authentication, type KeyEntry, KeyRing, type Principal } from './key-ring.ts';
export {
  equalHex,
  KEY_RANDOM_BYTES,
  type KeyHeaders,
  makeKey,
  type NewKey,
  parseKeyHash,
  type PresentedKey,
  presentedKey,
  type Sha256Hex,
} from './keys.ts';
