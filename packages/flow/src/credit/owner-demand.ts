import type { Now } from '../scheduler/changes.ts';
import type { Demand, Part, Ticket } from '../scheduler/ticket.ts';
import type { Ended } from './messages.ts';
import type { Asked } from './owner-worker.ts';

/** A want as the scheduler is asked for it. `late_ms`: how long ago it was heard of. */
export function demandOf(
  asked: Asked,
  late_ms: number,
  graceOf: (accounts: readonly string[]) => number,
  now: Now,
): Demand<Asked> {
  const { key, parts } = asked.want;
  const { deadline_in_ms, ...rest } = key;
  const deadline_mono_ms = deadline_in_ms === null ? Number.POSITIVE_INFINITY : now.mono_ms + deadline_in_ms - late_ms;
  return {
    owner: asked,
    key: { ...rest, deadline_mono_ms },
    parts: parts.map(({ accounts, amounts, wait_ms }): Part => {
      const patience_ms = Math.max(graceOf(accounts), (wait_ms ?? 0) - late_ms);
      return { kind: 'reserve', accounts, amounts, wait_ms: patience_ms > 0 ? patience_ms : undefined };
    }),
    // Whom to stop is asked of the workers, who know all calls and not only those that were asked for.
    is_preemptible: false,
  };
}

/** The end of all its parts; without `tokens` each has used what was expected. */
export function endsOf({ parts, owner }: Ticket<Asked>, tokens: number | undefined): readonly Ended[] {
  return parts.map((its, part) => {
    const expected = its.kind === 'reserve' ? its.amounts.tokens : 0;
    return { id: owner.want.id, part, tokens: tokens ?? expected };
  });
}
