/** The two checksums of the journal, handed in by the shell that has them in native code. */
export interface Digests {
  /** CRC-32 (IEEE 802.3, as in zlib) as an unsigned 32-bit integer. */
  crc32(bytes: Uint8Array): number;
  /** Lower-case hex SHA-256 of the ASCII text `prefix` followed by `bytes`. */
  sha256Hex(prefix: string, bytes: Uint8Array): string;
}
