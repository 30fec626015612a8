import type { DataSealer } from '@atp-router/adapters';
import { type ObservedRow, type ObservedWord, subjectOf } from '@atp-router/routing';
import { listSegments, readSegment, type SegmentFile } from './segment-reader.ts';

/** Observations that are known at a time, the newest; of older ones only the files know. */
const ROWS_MAX = 200_000;

/** A file as it is known, without its words. */
export interface KnownSegment {
  readonly file: SegmentFile;
  readonly sha256: string;
  readonly is_torn: boolean;
  readonly refused: number;
  readonly rows: readonly ObservedRow[];
  readonly words: readonly ObservedWord[];
}

export interface IndexParts {
  readonly dir: string;
  readonly sealer: DataSealer;
  /** Of a file that is read for the first time. */
  readonly onRefused: (reason: 'version' | 'form' | 'torn', count: number) => void;
}

/** All that the files of all processes have, without words: closed files are read once. One look at a time. */
export class ObservationIndex {
  readonly #parts: IndexParts;
  #known: ReadonlyMap<string, KnownSegment> = new Map();
  #looking: Promise<readonly KnownSegment[]> | undefined;

  constructor(parts: IndexParts) {
    this.#parts = parts;
  }

  /** The oldest first. */
  segments(): Promise<readonly KnownSegment[]> {
    // Whoever asks while somebody looks wants what is there now.
    const before = this.#looking?.catch(() => undefined) ?? Promise.resolve();
    const looking = before.then(() => this.#look());
    this.#looking = looking;
    return looking;
  }

  /** Each with the last word on it, the oldest first. */
  async rows(): Promise<readonly ObservedRow[]> {
    return scoredRows(await this.segments());
  }

  async #look(): Promise<readonly KnownSegment[]> {
    const known = new Map<string, KnownSegment>();
    for (const file of await listSegments(this.#parts.dir)) {
      const before = this.#known.get(file.name);
      const is_same = before?.file.bytes === file.bytes && before.file.mtime_ms === file.mtime_ms;
      const now = is_same && before !== undefined ? before : await this.#read(file);
      if (now !== undefined) known.set(file.name, now);
    }
    this.#known = known;
    return [...known.values()];
  }

  async #read(file: SegmentFile): Promise<KnownSegment | undefined> {
    const content = await readSegment(file.path, this.#parts.sealer);
    if (content === undefined) return undefined;
    const { records, other_versions, broken, is_torn, sha256 } = content;
    if (!file.is_open) {
      const { onRefused } = this.#parts;
      if (other_versions > 0) onRefused('version', other_versions);
      if (broken > 0) onRefused('form', broken);
      if (is_torn && other_versions === 0) onRefused('torn', 1);
    }
    const rows: ObservedRow[] = [];
    const words: ObservedWord[] = [];
    for (const record of records) {
      if (record.kind === 'word') words.push(record);
      else {
        const { id, request_id, tenant, model, at_ms, chance, spread } = record;
        rows.push({ id, request_id, tenant, model, subject: subjectOf(record), at_ms, chance, spread });
      }
    }
    return { file, sha256, is_torn, refused: other_versions + broken, rows, words };
  }
}

/** Joins words to observations by tenant and request; the latest word counts. */
export function scoredRows(segments: readonly KnownSegment[]): readonly ObservedRow[] {
  const words = new Map<string, ObservedWord>();
  for (const word of segments.flatMap((segment) => segment.words)) {
    const before = words.get(keyOf(word));
    if (before === undefined || before.at_ms <= word.at_ms) words.set(keyOf(word), word);
  }
  const rows = segments.flatMap((segment) => segment.rows).slice(-ROWS_MAX);
  return rows.map((row) => ({ ...row, score: words.get(keyOf(row))?.score }));
}

export function keyOf({ tenant, request_id }: { readonly tenant: string; readonly request_id: string }): string {
  return `${tenant}\n${request_id}`;
}
