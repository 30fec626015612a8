import { setImmediate } from 'node:timers/promises';
import {
  countsOf,
  type MetricFamily,
  mergeMetrics,
  OWNER_PROCESS,
  type ProcessMetrics,
  parseMetrics,
  writeMetrics,
} from '@atp-router/adapters';
import type { OtherProcesses, OtherReply } from '../processes/other-processes.ts';
import { KIND } from '../processes/shared-view.ts';
import type { Presence } from './presence.ts';

/** Not the name of any process. */
const GONE = 'gone';

interface Last {
  readonly incarnation: number;
  readonly counts: readonly MetricFamily[];
}

/**
 * The metrics of all processes of a router as one text. Of a worker that does not answer its counts stay as it told them last,
 * and those of one that was started anew are kept: a sum that falls reads as a new start of all.
 */
export class GatheredMetrics {
  readonly #others: OtherProcesses;
  readonly #render: () => Promise<string>;
  readonly #presence: Presence;
  /** By process: as many as there are workers. */
  readonly #last: Map<string, Last> = new Map();
  /** What earlier starts of workers have counted. */
  #gone: readonly MetricFamily[] = [];
  #running: Promise<string> | undefined;

  constructor(others: OtherProcesses, render: () => Promise<string>, presence: Presence) {
    this.#others = others;
    this.#render = render;
    this.#presence = presence;
  }

  /** Who asks while others are being answered is told the same. */
  text(): Promise<string> {
    this.#running ??= this.#gather().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #gather(): Promise<string> {
    const replies = await this.#others.ask(KIND.metrics, undefined);
    const answered: ProcessMetrics[] = [];
    for (const reply of replies) {
      answered.push(...this.#heard(reply));
      // The largest text, 100,000 lines, takes 40 ms to read; credit is decided here, too.
      await setImmediate();
    }
    this.#presence.silent = replies.length - answered.length;
    const names = new Set(answered.map(({ process }) => process));
    const own: ProcessMetrics = { process: OWNER_PROCESS, families: parseMetrics(await this.#render()) };
    const silent = [...this.#last].filter(([process]) => !names.has(process));
    const counts = silent.map(([process, last]) => ({ process, families: last.counts }));
    return writeMetrics(mergeMetrics([own, ...answered, ...counts, { process: GONE, families: this.#gone }]));
  }

  #heard(reply: OtherReply): readonly ProcessMetrics[] {
    if (!reply.ok) return [];
    const { process, incarnation } = reply;
    const families = parseMetrics(String(reply.answer));
    const before = this.#last.get(process);
    if (before !== undefined && before.incarnation !== incarnation) {
      const past: ProcessMetrics = { process, families: before.counts };
      this.#gone = mergeMetrics([past, { process: GONE, families: this.#gone }]);
    }
    this.#last.set(process, { incarnation, counts: countsOf(families) });
    return [{ process, families }];
  }
}
