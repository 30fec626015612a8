import { AtpError, type Clock } from '@atp-router/kernel';
import { type IntensityRow, IntensityTable } from '@atp-router/routing';
import type { CarbonSourceConfig } from '../config/types-carbon.ts';
import { readSource } from './read-source.ts';

const MS_PER_S = 1_000;

export interface IntensitySourceParts {
  readonly clock: Clock;
  /** Told once when it cannot be read, and once when what was read is too old, until it can be read again. */
  readonly on_problem: (problem: AtpError) => void;
  /** Another one only in tests. */
  readonly read?: (settings: CarbonSourceConfig) => Promise<readonly IntensityRow[]>;
}

/**
 * What a kilowatt-hour emits, as a file or a server says it, read again and again beside the calls. What was read last holds until it
 * is `max_age_s` old; from then on, and before it was read first, nothing is known by it.
 */
export class IntensitySource {
  readonly #settings: CarbonSourceConfig;
  readonly #parts: IntensitySourceParts;
  readonly #timer: NodeJS.Timeout;
  #read: { readonly table: IntensityTable; readonly at_mono_ms: number } | undefined;
  #reading = false;
  #told_unread = false;
  #told_stale = false;

  constructor(settings: CarbonSourceConfig, parts: IntensitySourceParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#timer = setInterval(() => void this.refresh(), settings.refresh_s * MS_PER_S);
    this.#timer.unref();
  }

  at(region: string): number | undefined {
    if (this.#read === undefined || this.#isStale) return undefined;
    return this.#read.table.at(region, this.#parts.clock.now_ms());
  }

  /** Since it was read; undefined: it never was. */
  get age_s(): number | undefined {
    if (this.#read === undefined) return undefined;
    return (this.#parts.clock.mono_ms() - this.#read.at_mono_ms) / MS_PER_S;
  }

  /** Reads it now, unless that is under way. Never throws. */
  async refresh(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      const { read = readSource, clock } = this.#parts;
      const rows = await read(this.#settings);
      this.#read = { table: new IntensityTable(rows), at_mono_ms: clock.mono_ms() };
      this.#told_unread = false;
      this.#told_stale = false;
    } catch (error) {
      this.#failed(error instanceof Error ? error.message : 'it cannot be read');
    } finally {
      this.#reading = false;
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  get #isStale(): boolean {
    return (this.age_s ?? Number.POSITIVE_INFINITY) > this.#settings.max_age_s;
  }

  #failed(reason: string): void {
    if (!this.#told_unread) this.#tell(`carbon.source cannot be read: ${reason}. It is tried again.`);
    this.#told_unread = true;
    if (this.#read === undefined || !this.#isStale || this.#told_stale) return;
    this.#told_stale = true;
    this.#tell('What carbon.source said is older than max_age_s: carbon.intensity counts until it can be read again.');
  }

  #tell(message: string): void {
    this.#parts.on_problem(new AtpError('internal_error', message));
  }
}
