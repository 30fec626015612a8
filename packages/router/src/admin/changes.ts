import type { Config, Problem } from '@atp-router/adapters';
import { AtpError, type ErrorCode } from '@atp-router/kernel';
import type { RouterEvent } from '@atp-router/ledger';
import type { OverlayChange } from '../generation/manager.ts';
import type { OverlayEntity } from '../generation/overlay.ts';
import type { AdminParts } from './parts.ts';

/** Operators' changes take milliseconds; more than this waiting is a script gone wild. */
const WAITING_MAX = 64;

/** Problems in one error message; the rest of a broken configuration is rarely news. */
const SHOWN_MAX = 5;

/** What else goes to the journal with a change, and what takes it back where the change does not come into force. */
export interface Beside {
  readonly events: readonly RouterEvent[];
  readonly undo: readonly RouterEvent[];
}

const NOTHING_BESIDE: Beside = { events: [], undo: [] };

/**
 * Makes changes one after the other: each is checked as a whole configuration, written to the journal, then brought into
 * force. What cannot be brought into force after all is taken back in the journal, too.
 */
export class Changes {
  readonly #parts: Pick<AdminParts, 'manager' | 'bus' | 'ledger'>;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(parts: Pick<AdminParts, 'manager' | 'bus' | 'ledger'>) {
    this.#parts = parts;
  }

  /** Runs `task` alone: what it read before it calls `apply` still holds then. */
  async alone<T>(task: () => Promise<T>): Promise<T> {
    if (this.#waiting >= WAITING_MAX) {
      const message = `${WAITING_MAX} changes are waiting for their turn. Retry shortly.`;
      throw new AtpError('backpressure', message, { retry_after_ms: 1_000 });
    }
    this.#waiting += 1;
    const turn = this.#last.then(task);
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting -= 1;
    }
  }

  /**
   * Journals and applies all of `changes` or none. `code` is that of the error when the configuration would not be
   * valid with them. Only within `alone`.
   */
  async apply(
    changes: readonly OverlayChange[],
    by: string,
    code: ErrorCode = 'invalid_request',
    beside: Beside = NOTHING_BESIDE,
  ): Promise<void> {
    const { manager, bus, ledger } = this.#parts;
    if (ledger.journal.failure !== undefined) throw ledger.journal.failure;
    const before = manager.overlay;
    let journaled = false;
    const journal = (): Promise<void> => {
      for (const change of changes) bus.append(eventOf(change, by));
      for (const event of beside.events) bus.append(event);
      journaled = true;
      return bus.written();
    };
    try {
      const result = await manager.change(changes, journal);
      if (!result.ok) throw problemsError(result.problems, manager.file_config, listAfter(before, changes), code);
    } catch (error) {
      // The records may still reach the disk, and would then be in force after a restart.
      if (journaled) {
        for (const change of inverse(changes, before)) bus.append(eventOf(change, by));
        for (const event of beside.undo) bus.append(event);
        await bus.written().catch(() => undefined);
      }
      throw error;
    }
  }
}

function eventOf(change: OverlayChange, by: string): RouterEvent {
  if (change.op === 'put') {
    const { kind, id, value } = change.entity;
    return { type: 'entity.put', kind, id, value, by };
  }
  return { type: 'entity.deleted', kind: change.kind, id: change.id, by };
}

function inverse(changes: readonly OverlayChange[], before: readonly OverlayEntity[]): OverlayChange[] {
  return changes.map((change): OverlayChange => {
    const { kind, id } = change.op === 'put' ? change.entity : change;
    const entity = before.find((one) => one.kind === kind && one.id === id);
    return entity === undefined ? { op: 'remove', kind, id } : { op: 'put', entity };
  });
}

function listAfter(before: readonly OverlayEntity[], changes: readonly OverlayChange[]): OverlayEntity[] {
  const list = new Map(before.map((one) => [`${one.kind}:${one.id}`, one]));
  for (const change of changes) {
    if (change.op === 'put') list.set(`${change.entity.kind}:${change.entity.id}`, change.entity);
    else list.delete(`${change.kind}:${change.id}`);
  }
  return [...list.values()];
}

function problemsError(
  problems: readonly Problem[],
  file: Config,
  overlay: readonly OverlayEntity[],
  code: ErrorCode,
): AtpError {
  const words = problems.slice(0, SHOWN_MAX).map((problem) => {
    const where = readablePath(problem.path, file, overlay);
    const near = problem.suggestion === undefined ? '' : ` (did you mean "${problem.suggestion}"?)`;
    return `${where === '' ? '' : `${where}: `}${problem.message}; expected ${problem.expected}${near}`;
  });
  const more = problems.length > SHOWN_MAX ? ` And ${problems.length - SHOWN_MAX} more.` : '';
  const first = problems[0];
  return new AtpError(code, `The configuration would not be valid: ${words.join('. ')}.${more}`, {
    ...(first === undefined ? {} : { param: readablePath(first.path, file, overlay) }),
    details: { problems: problems.length },
  });
}

const KINDS = { providers: 'provider', models: 'model', tenants: 'tenant' } as const;

/** `models[7].context` → `models.small.context`: places in the merged lists mean nothing to whoever sent one entry. */
function readablePath(path: string, file: Config, overlay: readonly OverlayEntity[]): string {
  return path.replace(/^(providers|models|tenants)\[(\d+)\]/, (whole, list: keyof typeof KINDS, index: string) => {
    const declared = file[list].map((entry) => entry.id);
    const added = overlay.filter((one) => one.kind === KINDS[list] && !declared.includes(one.id)).map((one) => one.id);
    const id = [...declared, ...added][Number(index)];
    return id === undefined ? whole : `${list}.${id}`;
  });
}
