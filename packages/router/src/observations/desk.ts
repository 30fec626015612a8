import type { DataSealer } from '@atp-router/adapters';
import { AtpError } from '@atp-router/kernel';
import { labelQueue, type ObservedCall, type ObservedRow, type Queued } from '@atp-router/routing';
import { type Erased, type Erasure, erase } from './erase.ts';
import { keyOf, type KnownSegment, type ObservationIndex, scoredRows } from './observation-index.ts';
import { placeText, readPlace } from './place.ts';
import { byAge } from './segment-name.ts';
import { readSegment } from './segment-reader.ts';

/** Characters of texts in one page; it ends behind the observation with which it has more. */
const PAGE_CHARS = 4_194_304;

/** An observation with the last word on it. */
export interface FoundCall {
  readonly observation: ObservedCall;
  readonly score: number | undefined;
}

export interface FoundPage {
  readonly found: readonly FoundCall[];
  /** Where the next one begins; undefined: this is the last. */
  readonly next: string | undefined;
}

export interface Filter {
  readonly tenant?: string | undefined;
  readonly subject?: string | undefined;
}

export interface DeskParts {
  readonly dir: string;
  readonly sealer: DataSealer;
  readonly index: ObservationIndex;
}

/** What an operator does with observations of all processes. */
export class ObservationDesk {
  readonly #parts: DeskParts;
  #erasing: Promise<unknown> = Promise.resolve();

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  segments(): Promise<readonly KnownSegment[]> {
    return this.#parts.index.segments();
  }

  rows(): Promise<readonly ObservedRow[]> {
    return this.#parts.index.rows();
  }

  /** What is closed only, where `closed_only`: that does not change any more. The oldest first. */
  async page(filter: Filter, limit: number, cursor: string | undefined, closed_only: boolean): Promise<FoundPage> {
    const from = cursor === undefined ? undefined : readPlace(cursor);
    const segments = await this.segments();
    const scores = scoresOf(segments);
    const found: FoundCall[] = [];
    let chars = 0;
    for (const { file, rows } of segments) {
      const rest = from === undefined ? 1 : byAge(file, from);
      const wanted = rows.some((row) => isWanted(row, filter));
      if (rest < 0 || !wanted || (closed_only && file.is_open)) continue;
      for (const [at, observation] of (await this.#read(file.path)).entries()) {
        if (rest === 0 && at < (from?.at ?? 0)) continue;
        if (!isWanted({ ...observation, subject: rows[at]?.subject }, filter)) continue;
        if (found.length >= limit || chars > PAGE_CHARS) return { found, next: placeText({ ...file, at }) };
        found.push({ observation, score: scores.get(keyOf(observation)) });
        chars += observation.prompt.length + observation.answer.length;
      }
    }
    return { found, next: undefined };
  }

  /** By its own id or that of its request. */
  async find(id: string): Promise<FoundCall | undefined> {
    const segments = await this.segments();
    for (const { file, rows } of segments) {
      if (!rows.some((row) => row.id === id || row.request_id === id)) continue;
      const observation = (await this.#read(file.path)).find((one) => one.id === id || one.request_id === id);
      if (observation !== undefined) return { observation, score: scoresOf(segments).get(keyOf(observation)) };
    }
    return undefined;
  }

  async queue(filter: Filter, limit: number): Promise<readonly Queued[]> {
    const rows = await this.rows();
    return labelQueue(
      rows.filter((row) => isWanted(row, filter)),
      limit,
    );
  }

  /** Throws `not_found`. */
  async rowOf(request_id: string): Promise<ObservedRow> {
    const row = (await this.rows()).find((one) => one.request_id === request_id);
    if (row !== undefined) return row;
    throw new AtpError('not_found', `There is no observation of request "${request_id.slice(0, 128)}".`, {
      param: 'request_id',
    });
  }

  /** One after the other. `living`: processes that have closed their files just now. */
  erase(what: Erasure, living: ReadonlySet<string>): Promise<Erased> {
    const { dir, sealer } = this.#parts;
    const erased = this.#erasing.then(() => erase(dir, sealer, what, living));
    this.#erasing = erased.catch(() => undefined);
    return erased;
  }

  async #read(path: string): Promise<readonly ObservedCall[]> {
    const content = await readSegment(path, this.#parts.sealer);
    return content?.records.filter((record) => record.kind === 'observation') ?? [];
  }
}

function isWanted(
  one: { readonly tenant: string; readonly subject: string | undefined },
  { tenant, subject }: Filter,
): boolean {
  return (tenant === undefined || one.tenant === tenant) && (subject === undefined || one.subject === subject);
}

function scoresOf(segments: readonly KnownSegment[]): ReadonlyMap<string, number> {
  return new Map(scoredRows(segments).flatMap((row) => (row.score === undefined ? [] : [[keyOf(row), row.score]])));
}
