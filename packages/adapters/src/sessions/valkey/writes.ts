import { type AtpError, isAtpError } from '@atp-router/kernel';
import { isMainLane, type StoredChange } from '@atp-router/session';
import type { Batch } from '../batch.ts';
import { tooSlow } from '../problems.ts';
import type { ItemChange } from '../shelf.ts';
import { begunKey, CHANGES_MAX, type Codec, type Mine } from './codec.ts';
import type { Reply, ValkeyLink } from './link.ts';
import { gone, moved, outOfMemory, refusedBy } from './problems.ts';
import { reasonOf } from '../../valkey/reasons.ts';
import type { Call } from './scripts.ts';

/** What became of a session in a batch: kept, failed, or found to be another router's. */
export type Outcome =
  | { readonly kind: 'kept' }
  | { readonly kind: 'failed'; readonly error: AtpError; readonly is_full: boolean }
  | { readonly kind: 'lost' };

interface Step {
  readonly born: string;
  /** As it was when the batch was made: it may be taken back meanwhile, with another epoch. */
  readonly mine: Mine;
  readonly call: Call | undefined;
  readonly is_save: boolean;
}

/** The sessions of a batch, each of which is written as a whole or not at all. */
export class Writes {
  readonly #steps: readonly Step[];

  constructor(
    batch: Batch,
    codec: Codec,
    at: { readonly number: number; readonly now_ms: number },
    of: { readonly mine: ReadonlyMap<string, Mine>; readonly dropped: ReadonlyMap<string, Mine> },
  ) {
    const steps: Step[] = [];
    for (const changes of batch.changes) {
      const { born } = changes;
      const dropped = changes.is_dropped ? of.dropped.get(born) : undefined;
      if (dropped !== undefined) steps.push({ born, mine: dropped, call: codec.drop(dropped), is_save: false });
      const mine = of.mine.get(born);
      const is_save = changes.session !== undefined;
      if (mine === undefined || (!is_save && (changes.since === undefined || !mine.is_stored))) continue;
      const is_large = changes.items.size > CHANGES_MAX;
      steps.push({
        ...{ born, mine, is_save },
        call: is_large ? undefined : codec.save(changes, mine, at.number, at.now_ms),
      });
    }
    this.#steps = steps;
  }

  /** What became of each; of those that were dropped nothing is to be known. */
  async run(link: ValkeyLink): Promise<ReadonlyMap<Mine, Outcome>> {
    const calls = this.#steps.flatMap(({ call }) => (call === undefined ? [] : [call]));
    try {
      return this.#outcomes(calls.length === 0 ? [] : await link.run(calls));
    } catch (thrown) {
      if (!isAtpError(thrown)) throw thrown;
      const saved = this.#steps.filter(({ is_save }) => is_save);
      return new Map(saved.map(({ mine }) => [mine, failed(thrown)]));
    }
  }

  #outcomes(replies: readonly Reply[]): ReadonlyMap<Mine, Outcome> {
    const out = new Map<Mine, Outcome>();
    let i = 0;
    for (const { mine, call, is_save } of this.#steps) {
      const reply = call === undefined ? undefined : replies[i];
      if (call !== undefined) i += 1;
      const outcome = call === undefined ? failed(tooSlow('server of the sessions')) : outcomeOf(reply);
      if (call?.script === 'drop' || (!is_save && outcome.kind === 'failed')) continue;
      if (outcome.kind === 'kept') mine.is_stored = true;
      out.set(mine, outcome);
    }
    return out;
  }
}

function outcomeOf(reply: Reply | undefined): Outcome {
  if (reply === undefined) return failed(refusedBy('it did not answer'));
  if ('error' in reply) {
    if (reply.error === 'OOM') return { kind: 'failed', error: outOfMemory(), is_full: true };
    return failed(refusedBy(reasonOf({ name: 'ReplyError', message: reply.error })));
  }
  switch (reply.value) {
    case 'ok':
      return { kind: 'kept' };
    case 'moved':
      return { kind: 'lost' };
    case 'gone':
      return failed(gone());
    default:
      return failed(moved());
  }
}

function failed(error: AtpError): Outcome {
  return { kind: 'failed', error, is_full: false };
}

/** What goes with the first message of a stream: the note that its work has begun. */
export function notesWith(changes: readonly StoredChange[]): readonly ItemChange[] {
  const notes: ItemChange[] = [];
  for (const change of changes) {
    if (!('drop' in change) || change.drop !== 'inbox' || change.id.msg_seq !== 0) continue;
    if (isMainLane(change.id.lane)) notes.push([begunKey(change.id.lane.stream_id), undefined]);
  }
  return notes;
}
