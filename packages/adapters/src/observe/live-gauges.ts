import { Counter, Gauge, type Registry } from 'prom-client';
import { LabelLimit } from './label-limit.ts';
import type { LiveGauges } from './metrics.ts';

const TENANTS_MAX = 500;
const TARGETS_MAX = 500;

/** Registers what is read at scrape time: windows, breakers, queues, the journal. */
export function registerLiveGauges(registry: Registry, live: LiveGauges): void {
  const registers = [registry];
  new Gauge({
    name: 'atp_calls_in_flight',
    help: 'Calls that run now.',
    registers,
    collect() {
      this.set(live.calls_in_flight());
    },
  });
  tenantGauges(registers, live);
  targetGauges(registers, live);
  new Gauge({
    name: 'atp_journal_pending_chars',
    help: 'Journal records that are not yet written, in characters.',
    registers,
    collect() {
      this.set(live.journal().pending_chars);
    },
  });
  new Counter({
    name: 'atp_journal_bytes_total',
    help: 'Bytes written to the journal by this process.',
    registers,
    collect() {
      this.reset();
      this.inc(live.journal().bytes_total);
    },
  });
  new Counter({
    name: 'atp_journal_write_errors_total',
    help: 'Journal writes that failed.',
    registers,
    collect() {
      this.reset();
      this.inc(live.journal().write_errors_total);
    },
  });
}

function tenantGauges(registers: Registry[], live: LiveGauges): void {
  const limit = new LabelLimit(TENANTS_MAX);
  const add = (name: string, help: string, pick: (t: TenantOf) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ['tenant'],
      registers,
      collect() {
        this.reset();
        for (const tenant of live.tenants()) this.inc({ tenant: limit.of(tenant.tenant) }, pick(tenant));
      },
    });
  };
  add('atp_tenant_outstanding_calls', 'Calls in flight.', (t) => t.outstanding_calls);
  add('atp_tenant_outstanding_tokens', 'Tokens reserved by calls in flight.', (t) => t.outstanding_tokens);
  add('atp_tenant_outstanding_usd_micros', 'Money reserved by calls in flight.', (t) => t.outstanding_usd_micros);
  add('atp_tenant_day_cost_usd_micros', 'Money used on this UTC day.', (t) => t.used_usd_micros);
  add('atp_tenant_debt_usd_micros', "How far the day's money budget is overdrawn.", (t) => t.debt_usd_micros);
}

type TenantOf = ReturnType<LiveGauges['tenants']> extends Iterable<infer T> ? T : never;
type TargetOf = ReturnType<LiveGauges['targets']> extends Iterable<infer T> ? T : never;

function targetGauges(registers: Registry[], live: LiveGauges): void {
  const limit = new LabelLimit(TARGETS_MAX);
  const add = (name: string, help: string, pick: (t: TargetOf) => number | undefined): void => {
    new Gauge({
      name,
      help,
      labelNames: ['provider', 'model'],
      registers,
      collect() {
        this.reset();
        for (const target of live.targets()) {
          const value = pick(target);
          if (value !== undefined) this.set({ provider: target.provider, model: limit.of(target.model) }, value);
        }
      },
    });
  };
  add('atp_breaker_state', '0 closed, 1 half open, 2 open.', (t) => t.breaker);
  add('atp_target_ready', '1 when latency and errors are within the limits.', (t) => (t.ready ? 1 : 0));
  add('atp_target_calls_in_flight', 'Attempts at this target now.', (t) => t.in_flight);
  add('atp_target_calls_waiting', 'Attempts that wait for a place.', (t) => t.waiting);
  add('atp_estimate_mape_ratio', 'Mean absolute error of token estimates over 7 days.', (t) => t.mape);
  add('atp_estimate_under_ratio', 'Share of attempts above 1.2 × their estimate.', (t) => t.under_rate);
}
