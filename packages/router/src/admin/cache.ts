import type { CacheDesk } from '../cache/cache-desk.ts';
import { CACHE_OUTCOMES, type CacheOutcome } from '../cache/tenant-cache.ts';
import { ASKED, everywhere, type Own } from './everywhere.ts';
import type { AdminParts } from './parts.ts';
import { type AdminRoutes, ok, param } from './routes.ts';

/** `/cache`: answers that are kept to be given again. Their words are shown to nobody. */
export function addCache(routes: AdminRoutes, { engine, others }: AdminParts): void {
  const { cache } = engine;
  routes.get('/cache', ['tenant'], async ({ query }) => {
    const all = await everywhere(others, ASKED.cache, cacheHere(cache), query.text('tenant'));
    return ok({ data: summed(all.flat()) });
  });
  routes.delete('/cache/:tenant', async (request) => {
    const tenant = param(request);
    const cleared = await everywhere(others, ASKED.clear_cache, clearHere(cache), tenant);
    return ok({ tenant, cleared: cleared.includes(true) });
  });
}

interface CacheView extends Readonly<Record<CacheOutcome, number>> {
  readonly tenant: string;
  readonly entries: number;
  readonly bytes: number;
  /** Of several processes the highest; null: none has found one, or one of them has not. */
  readonly threshold: number | null;
}

/** Of this process, of a tenant or of all. */
export function cacheHere(desk: CacheDesk | undefined): Own<string | undefined, readonly CacheView[]> {
  return (tenant) =>
    [...(desk?.tenants ?? [])].flatMap(([id, { answers, gate, counts }]) => {
      if (tenant !== undefined && tenant !== id) return [];
      const { entries, bytes } = answers;
      return [{ tenant: id, entries, bytes, threshold: gate.threshold ?? null, ...counts }];
    });
}

/** Whether there was something. */
export function clearHere(desk: CacheDesk | undefined): Own<string, boolean> {
  return (tenant) => desk?.clear(tenant) ?? false;
}

function summed(views: readonly CacheView[]): readonly CacheView[] {
  const of = new Map<string, CacheView>();
  for (const view of views) {
    const before = of.get(view.tenant);
    of.set(view.tenant, before === undefined ? view : together(before, view));
  }
  return [...of.values()].sort((a, b) => (a.tenant < b.tenant ? -1 : 1));
}

function together(a: CacheView, b: CacheView): CacheView {
  const counts = Object.fromEntries(CACHE_OUTCOMES.map((name) => [name, a[name] + b[name]]));
  return {
    ...{ tenant: a.tenant, entries: a.entries + b.entries, bytes: a.bytes + b.bytes },
    threshold: a.threshold === null || b.threshold === null ? null : Math.max(a.threshold, b.threshold),
    ...(counts as Record<CacheOutcome, number>),
  };
}
