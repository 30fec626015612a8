import type { EntityRow, KillRow, RouteDay, UsageDay } from '@atp-router/ledger';

/** Ordered here and not in SQL: databases sort text by their own collations. */
function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function bySum(a: UsageDay, b: UsageDay): number {
  return byText(a.day, b.day) || byText(a.tenant, b.tenant) || byText(a.model, b.model);
}

export function byRouteDay(a: RouteDay, b: RouteDay): number {
  const by = byText(a.day, b.day) || byText(a.tenant, b.tenant);
  return by || byText(a.cluster, b.cluster) || byText(a.model, b.model);
}

export function byEntity(a: EntityRow, b: EntityRow): number {
  return byText(a.kind, b.kind) || byText(a.id, b.id);
}

export function byKill(a: KillRow, b: KillRow): number {
  return byText(a.scope, b.scope) || byText(a.id, b.id);
}
