import { readFileSync, statSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { isJsonObject, type JsonObject } from '@atp-router/kernel';
import { asCliError, unusable } from '../../lines.ts';

/** Of a file that is read as a whole, as it is and unpacked. */
const BYTES_MAX = 134_217_728;

/** A file as a whole. */
export function readBytes(file: string): Buffer {
  try {
    const { size } = statSync(file);
    if (size > BYTES_MAX) throw unusable(file, `it has ${size} bytes, more than ${BYTES_MAX}.`);
    return readFileSync(file);
  } catch (error) {
    throw asCliError(file, error);
  }
}

/** A gzip file as a whole, unpacked. */
export function readGunzipped(file: string): Buffer {
  const packed = readBytes(file);
  try {
    return gunzipSync(packed, { maxOutputLength: BYTES_MAX });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw unusable(file, `unpacked it has more than ${BYTES_MAX} bytes.`);
    throw asCliError(file, error);
  }
}

/** `null` and lists are no objects. */
export function asObject(value: unknown): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined;
}

/** JSON of a file that is held as a whole. */
export function parsedJson(file: string, bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw unusable(file, 'it is no JSON.');
  }
}
