import type { Books } from '../journal.ts';
import { send } from '../http.ts';
import { asked, type ClientRecord } from './workload.ts';

/** Of all requests those that may be repeated: with a key, and not refused. */
export function repeatable(records: readonly ClientRecord[]): readonly ClientRecord[] {
  return records.filter((record) => record.key !== undefined && record.refused === undefined);
}

/**
 * Repeats every request that carries a key, after a restart. What was complete comes again byte by byte; what the crash
 * interrupted is 409 with its record, never a second run; what never began runs now.
 */
export async function checkRepeats(port: number, books: Books, records: readonly ClientRecord[]): Promise<string[]> {
  const problems: string[] = [];
  const by_req = new Map([...books.ended.values()].map((call) => [call.task_type, call]));
  await Promise.all(
    records.map(async (record) => {
      const call = by_req.get(record.req);
      const answer = await send(asked(port, record)).answer;
      const text = await answer.text();
      const replayed = answer.header('x-atp-idempotent-replay') === 'true';
      const say = (what: string): void =>
        void problems.push(`${record.req}: ${what} (${answer.status} ${text.slice(0, 200)})`);
      if (call === undefined || call.outcome === 'cancelled') {
        if (answer.status !== 200 || replayed) say('never began and does not run now');
        else record.answer = text;
      } else if (call.outcome === 'interrupted') {
        if (answer.status !== 409 || !text.includes('call_interrupted') || !text.includes(call.call_id)) {
          say('was interrupted, which a repeat does not say');
        }
      } else if (answer.status !== 200 || !replayed) say('was complete and is not replayed');
      else if (record.answer !== undefined && record.answer !== text) say('is replayed with other bytes');
    }),
  );
  return problems;
}
