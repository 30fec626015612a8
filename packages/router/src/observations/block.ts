import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import type { DataSealer } from '@atp-router/adapters';
import { type ObservedRecord, type ReadRecord, readRecord } from '@atp-router/routing';

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** Characters of records from which a block is written. */
export const BLOCK_CHARS = 65_536;
/** Of one record: two texts at their longest, each sign as six bytes. */
const RECORD_BYTES_MAX = 1_048_576;
const BLOCK_BYTES_MAX = 4 * BLOCK_CHARS + 2 * RECORD_BYTES_MAX;

/** First line of a file. The blocks behind it are sealed, so it names what reads them and no more. */
export const FILE_HEAD: string = '{"format":"atp-observations","v":1}\n';

/** Records → one line: JSON lines, compressed, sealed, base64. */
export async function sealBlock(records: readonly ObservedRecord[], sealer: DataSealer): Promise<string> {
  const lines = records.map((record) => `${JSON.stringify(record)}\n`).join('');
  return `${sealer.seal(await deflate(lines))}\n`;
}

/** The inverse, record by record; undefined: it is no whole block, or of another key. */
export async function openBlock(line: string, sealer: DataSealer): Promise<readonly ReadRecord[] | undefined> {
  try {
    const bytes = await inflate(sealer.open(line), { maxOutputLength: BLOCK_BYTES_MAX });
    return bytes.toString('utf8').split('\n').slice(0, -1).map(recordIn);
  } catch {
    return undefined;
  }
}

function recordIn(line: string): ReadRecord {
  try {
    return readRecord(JSON.parse(line));
  } catch {
    return { kind: 'refused', reason: 'form' };
  }
}
