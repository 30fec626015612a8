import { isJsonObject } from '@atp-router/kernel';
import type { JournalRecord } from '../events.ts';
import { type OpenCall, OpenCalls } from './open-calls.ts';
import { type EntityRow, type KillRow, OperatorState } from './operator.ts';

/**
 * What has to be known of journal files that are gone: the state at the end of the last removed one, and where its
 * chain ended, so that the first file that is left can be tied to it.
 */
export interface LedgerBase {
  readonly format: 1;
  readonly node_id: string;
  readonly epoch: number;
  readonly chain: string;
  readonly open_calls: readonly OpenCall[];
  readonly kills: readonly KillRow[];
  readonly entities: readonly EntityRow[];
}

export function emptyBase(node_id: string, chain: string): LedgerBase {
  return { format: 1, node_id, epoch: 0, chain, open_calls: [], kills: [], entities: [] };
}

/** Advances a base over the records of files that are about to be removed. */
export class BaseFold {
  readonly #from: LedgerBase;
  readonly #open: OpenCalls;
  readonly #operator: OperatorState;

  constructor(from: LedgerBase) {
    this.#from = from;
    this.#open = new OpenCalls(from.open_calls);
    this.#operator = new OperatorState(from.kills, from.entities);
  }

  apply(record: JournalRecord): void {
    this.#open.apply(record);
    this.#operator.apply(record);
  }

  /** The base after everything up to the end of `epoch` was applied. */
  at(epoch: number, chain: string): LedgerBase {
    return {
      ...{ format: 1, node_id: this.#from.node_id, epoch, chain },
      open_calls: this.#open.list(),
      kills: this.#operator.kills(),
      entities: this.#operator.entities(),
    };
  }
}

/** Reads a stored base; `undefined` when the text is not one. */
export function parseBase(text: string): LedgerBase | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isJsonObject(value) || value['format'] !== 1) return undefined;
  if (typeof value['node_id'] !== 'string' || typeof value['epoch'] !== 'number') return undefined;
  if (typeof value['chain'] !== 'string') return undefined;
  const lists = [value['open_calls'], value['kills'], value['entities']];
  return lists.every(Array.isArray) ? (value as unknown as LedgerBase) : undefined;
}
