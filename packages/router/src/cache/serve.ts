import type { AtpField } from '@atp-router/dialects';
import { ZERO_USAGE } from '@atp-router/kernel';
import type { AdmittedCall } from '../engine/env.ts';
import { Reply } from '../fanout/reply.ts';
import type { LaneFacet } from '../fanout/types.ts';
import type { CacheFound } from '@atp-router/routing';
import type { EngineParts } from '../engine/parts.ts';
import type { Kept } from './tenant-cache.ts';

export type CacheHit = CacheFound<Kept>;

/** Answers a call with what was said before, in the shape that it asks for, at no cost. */
export function serveCached(
  call: AdmittedCall,
  facet: LaneFacet,
  { value: { text, model }, is_exact, likeness }: CacheHit,
  { log, ambient }: Pick<EngineParts, 'log' | 'ambient'>,
): void {
  const similarity = Math.floor(likeness * 100) / 100;
  const { call_id, tenant, key_id, endpoint } = call.head;
  log.append({ type: 'call.cached', call_id, tenant, key_id, endpoint, model, similarity: likeness });
  const meta = {
    ...{ call_id, tenant, model, attempts: 0, cost_usd_micros: 0 },
    cache: `hit; similarity=${similarity.toFixed(2)}`,
  };
  const atp: AtpField = {
    ...{ request_id: call_id, model, attempts: 0, cost_usd_micros: 0, usage_source: 'none' },
    cache: { hit: is_exact ? 'exact' : 'similar', similarity },
  };
  const reply = new Reply(call, { facet, policy: '', choice: undefined }, () => undefined);
  reply.isOf(model);
  const choice = { parts: [{ type: 'text', text } as const], finish: 'stop' } as const;
  const last = reply.last(choice, ZERO_USAGE, atp, Math.floor(ambient.clock.now_ms() / 1_000), meta);
  if (reply.begun) call.sink.end(last);
  else call.sink.answer(meta, last[0] ?? '');
}
