import { QOS_TIERS } from '@atp-router/kernel';
import type { Flow, FlowAccount, FlowTenant } from './flow.ts';
import type { Sort } from './sorts.ts';
import type { TopState } from './state.ts';

/** In this order where the chosen column says nothing: what all calls share comes first. */
const LEVELS: readonly string[] = ['router', 'provider', 'deployment', 'suggested', 'model', 'agent', 'key', 'session'];
/** Those of single clients may be many; they are in the list of accounts only. */
const CLIENT_LEVELS: ReadonlySet<string> = new Set(['key', 'session']);

/** Accounts in order. Those of tenants are in the other list. */
export function accountRows(flow: Flow, { view, sort, target: { tenant } }: TopState): FlowAccount[] {
  const is_shown = ({ account, level }: FlowAccount): boolean => {
    if (level === 'tenant') return false;
    if (!CLIENT_LEVELS.has(level)) return true;
    return view === 'accounts' && (tenant === undefined || account.startsWith(`${level}:${tenant}/`));
  };
  return flow.accounts
    .filter(is_shown)
    .sort(
      (a, b) =>
        accountWeight(b, sort) - accountWeight(a, sort) ||
        levelRank(a.level) - levelRank(b.level) ||
        byName(a.account, b.account),
    );
}

export function tenantRows(flow: Flow, { sort, target: { tenant } }: TopState): FlowTenant[] {
  return flow.tenants
    .filter((row) => tenant === undefined || row.tenant === tenant)
    .sort((a, b) => tenantWeight(b, sort) - tenantWeight(a, sort) || byName(a.tenant, b.tenant));
}

function accountWeight({ waiting, calls, tokens, usd_micros }: FlowAccount, sort: Sort): number {
  switch (sort) {
    case 'waiting':
      return QOS_TIERS.reduce((sum, qos) => sum + waiting[qos], 0);
    case 'calls':
      return calls.outstanding;
    case 'tokens':
      return tokens.outstanding;
    case 'burn':
      return usd_micros.outstanding;
    case 'name':
      return 0;
  }
}

function tenantWeight(row: FlowTenant, sort: Sort): number {
  switch (sort) {
    case 'waiting':
      return row.waiting;
    case 'calls':
      return row.calls.outstanding;
    case 'tokens':
      return row.tokens.outstanding;
    case 'burn':
      return row.burn_usd_micros_per_minute;
    case 'name':
      return 0;
  }
}

function levelRank(level: string): number {
  const at = LEVELS.indexOf(level);
  return at === -1 ? LEVELS.length : at;
}

/** By code units: the same everywhere. */
function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
