import { nanosToMicros, utcDay } from '@atp-router/kernel';
import {
  type LearnedStore,
  type RouteDay,
  SAVINGS_GROUPS,
  SAVINGS_SUMS_MAX,
  type SavingsFilter,
  type SavingsGroup,
} from '@atp-router/ledger';
import { hindsight } from '@atp-router/routing';
import { gainShares } from './gain-share.ts';
import type { AdminParts } from './parts.ts';
import { guessed, observationsOf, ROUTES_MAX } from './route-observations.ts';
import { type AdminReply, type AdminRequest, type AdminRoutes, ok } from './routes.ts';
import { signedMicros } from './signed-micros.ts';
import { range } from './usage.ts';

/** `/routing/savings`: what `auto` saves, from sums that follow the journal. */
export function addSavings(routes: AdminRoutes, parts: AdminParts): void {
  routes.get('/routing/savings', ['from', 'to', 'tenant', 'by'], (request) => savings(request, parts));
}

async function savings({ query }: AdminRequest, { ledger, manager }: AdminParts): Promise<AdminReply> {
  const { tenant, from: from_day, to: until_day } = range(query);
  const filter: SavingsFilter = { tenant, from_day, until_day };
  const asked = query.list('by', SAVINGS_GROUPS) ?? ['tenant'];
  // In the order of the contract, whatever the order of the question.
  const by = SAVINGS_GROUPS.filter((group) => asked.includes(group));
  const [rows, [total]] = await Promise.all([ledger.savings.sums(filter, by), ledger.savings.sums(filter, [])]);
  const { gain_share } = manager.config.routing;
  return ok({
    by,
    data: rows.map((row) => ({ ...groupsOf(row, by), ...measured(row) })),
    truncated: rows.length >= SAVINGS_SUMS_MAX,
    total: total === undefined ? null : measured(total),
    gain_share: gain_share === undefined ? null : await gainShares(ledger.savings, filter, gain_share),
    hindsight: await lookBack(ledger.learned, filter),
  });
}

function groupsOf(row: RouteDay, by: readonly SavingsGroup[]): Readonly<Record<string, string>> {
  return Object.fromEntries(by.map((name) => [name, row[name]]));
}

function measured(row: RouteDay): object {
  const { calls, failed, spent_usd_nanos, baseline_usd_nanos, calls_without_energy, calls_without_co2e } = row;
  const saved_usd_nanos = baseline_usd_nanos - spent_usd_nanos;
  return {
    ...{ calls, failed },
    spent_usd_micros: nanosToMicros(spent_usd_nanos),
    baseline_usd_micros: nanosToMicros(baseline_usd_nanos),
    saved_usd_micros: signedMicros(saved_usd_nanos),
    saved_ratio: baseline_usd_nanos === 0 ? null : Math.round((saved_usd_nanos / baseline_usd_nanos) * 1e4) / 1e4,
    tried_usd_micros: nanosToMicros(row.tried_usd_nanos),
    regret_usd_micros: nanosToMicros(row.regret_usd_nanos),
    energy_joules: row.energy_millijoules / 1_000,
    co2e_mg: row.co2e_micrograms / 1_000,
    ...{ calls_without_energy, calls_without_co2e },
  };
}

/** Of the choices that are still on record, which are fewer than those in the sums. */
async function lookBack(learned: LearnedStore, { tenant, from_day, until_day }: SavingsFilter): Promise<object> {
  const events = (await learned.routes(ROUTES_MAX)).filter((event) => {
    const day = utcDay(event.type === 'route.decided' ? event.at_ms : event.decided_ms);
    if (tenant !== undefined && event.tenant !== tenant) return false;
    return (from_day === undefined || day >= from_day) && (until_day === undefined || day <= until_day);
  });
  const times = events.flatMap((event) => (event.type === 'route.decided' ? [event.at_ms] : []));
  const { model, told, effective, compared, regret_usd, doubts } = hindsight(observationsOf(events));
  return {
    // The newest come first.
    ...{ from_ms: times.at(-1) ?? null, to_ms: times[0] ?? null },
    ...{ model: model ?? null, told, effective: Math.round(effective * 10) / 10, compared },
    ...{ regret_usd: guessed(regret_usd), doubts },
  };
}
