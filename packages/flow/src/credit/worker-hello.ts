import type { DayTotal, Recovered, SlotState, Want, WorkerBody } from './messages.ts';
import { ENTRIES_MAX } from './messages.ts';
import type { CreditTicket, Growth } from './worker-ticket.ts';

/** What is asked for, with times from now. */
export function wantOf<T>(asking: CreditTicket<T> | Growth<T>, mono_ms: number): Want {
  const waited_ms = mono_ms - asking.since_mono_ms;
  const { id, kind } = asking;
  const { qos, tenant, weight, session, tokens, deadline_mono_ms } = (kind === 'start' ? asking : asking.ticket).key;
  const deadline_in_ms = Number.isFinite(deadline_mono_ms) ? deadline_mono_ms - mono_ms : null;
  const key = { qos, tenant, weight, session, tokens, deadline_in_ms };
  if (kind === 'grow') {
    const held = asking.ticket.held[asking.part];
    const part = { accounts: held?.accounts ?? [], amounts: asking.by, wait_ms: null, day: held?.day ?? null };
    return { id, kind, key, parts: [part], waited_ms };
  }
  const parts = asking.asked.map(({ accounts, amounts, wait_ms, into }) => ({
    accounts,
    amounts,
    wait_ms: wait_ms === undefined || !Number.isFinite(wait_ms) ? finite(wait_ms) : Math.max(0, wait_ms - waited_ms),
    day: into?.ticket.held[into.part]?.day ?? null,
  }));
  return { id, kind, key, parts, waited_ms };
}

/** A patience without end is a day: nobody waits longer. */
const FOREVER_MS = 86_400_000;

function finite(wait_ms: number | undefined): number | null {
  return wait_ms === undefined ? null : FOREVER_MS;
}

/** A hello in as many pieces as it takes. */
export function hellosOf(
  slots: readonly SlotState[],
  wants: readonly Want[],
  recovered: readonly Recovered[],
  is_heir: boolean,
): readonly Extract<WorkerBody, { type: 'hello' }>[] {
  const empty = { type: 'hello', is_heir, slots: [], wants: [], recovered: [], is_last: false } as const;
  return [
    ...chunksOf(slots).map((some) => ({ ...empty, slots: some })),
    ...chunksOf(wants).map((some) => ({ ...empty, wants: some })),
    ...recovered.map((one) => ({ ...empty, recovered: [one] })),
    { ...empty, is_last: true },
  ];
}

function chunksOf<V>(list: readonly V[]): readonly (readonly V[])[] {
  const chunks: (readonly V[])[] = [];
  for (let from = 0; from < list.length; from += ENTRIES_MAX) chunks.push(list.slice(from, from + ENTRIES_MAX));
  return chunks;
}

/** What a journal says, in pieces that fit a message. */
export function recoveredOf(worker: string, incarnation: number, totals: readonly DayTotal[]): readonly Recovered[] {
  const chunks = chunksOf(totals);
  if (chunks.length <= 1) return [{ worker, incarnation, totals, is_whole: true }];
  return chunks.map((some) => ({ worker, incarnation, totals: some, is_whole: false }));
}
