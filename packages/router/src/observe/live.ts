import type { LiveGauges } from '@atp-router/adapters';
import { nanosToMicros } from '@atp-router/kernel';
import type { Engine } from '../engine/engine.ts';

const BREAKER = { closed: 0, half_open: 1, open: 2 } as const;

/** Reads the live state of a router for a scrape. */
export function liveGauges(engine: Engine, journal: LiveGauges['journal']): LiveGauges {
  const { accounts, ambient, estimator, health } = engine.parts;
  return {
    calls_in_flight: () => engine.in_flight,
    journal,
    *tenants() {
      const now_ms = ambient.clock.now_ms();
      for (const id of accounts.ids()) {
        const s = accounts.snapshot(id, now_ms);
        if (s === undefined || !id.startsWith('tenant:')) continue;
        yield {
          tenant: id.slice('tenant:'.length),
          outstanding_calls: s.outstanding.calls,
          outstanding_tokens: s.outstanding.tokens,
          outstanding_usd_micros: nanosToMicros(s.outstanding.usd_nanos),
          used_usd_micros: nanosToMicros(s.used.usd_nanos),
          debt_usd_micros: nanosToMicros(s.debt.usd_nanos),
        };
      }
    },
    *targets() {
      const mono_ms = ambient.clock.mono_ms();
      const now_ms = ambient.clock.now_ms();
      for (const model of engine.generation.registry.models) {
        const load = engine.limiter.load(model.target_key);
        const { total } = estimator.accuracy(model.id, now_ms);
        yield {
          provider: model.provider_id,
          model: model.id,
          breaker: BREAKER[health.breakerState(model)],
          ready: health.ready(model, mono_ms),
          in_flight: load.in_flight,
          waiting: load.waiting,
          mape: total?.mape,
          under_rate: total?.under_rate,
        };
      }
    },
  };
}
