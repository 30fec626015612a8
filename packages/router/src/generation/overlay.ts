import { checkConfig, type Config, type Problem, type ValueSources } from '@atp-router/adapters';
import type { EntityKind } from '@atp-router/ledger';
import { withStatuses } from '../lifecycle/papers.ts';

/** Something that an operator made through the admin API, on top of the configuration file. */
export interface OverlayEntity {
  readonly kind: EntityKind;
  readonly id: string;
  readonly value: Readonly<Record<string, unknown>>;
}

export type MergeResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** A key of the overlay: `value` of an entity of kind `key`; its id is `<tenant>/<key id>`. */
export interface OverlayKey {
  readonly tenant: string;
  readonly id: string;
  readonly hash: string;
  readonly state: 'active' | 'disabled' | 'revoked';
  readonly display: string;
}

/** The admin role's name among the tenants of overlay keys; no tenant can be called so, for it starts with `@`. */
export const ADMIN_OWNER = '@admin';

/** The file's configuration with what operators made, and with the statuses that models came to at run time. */
export function mergeOverlay(base: Config, overlay: readonly OverlayEntity[], sources: ValueSources): MergeResult {
  const merged = mergeEntities(base, overlay, sources);
  return merged.ok ? { ok: true, config: withStatuses(merged.config, overlay) } : merged;
}

/**
 * The file's configuration with the overlay's providers, models and tenants. The file wins: an id that it declares
 * cannot be made through the API. The result passes the same check as a file.
 */
function mergeEntities(base: Config, overlay: readonly OverlayEntity[], sources: ValueSources): MergeResult {
  const of = (kind: EntityKind): Readonly<Record<string, unknown>>[] =>
    overlay.filter((e) => e.kind === kind).map((e) => e.value);
  const [providers, models, tenants] = [of('provider'), of('model'), of('tenant')];
  if (providers.length + models.length + tenants.length === 0) return { ok: true, config: base };
  // What the file says is final text by now: its `${` must not be read as references again.
  const literal = JSON.parse(JSON.stringify(base).replaceAll('${', '$${')) as Record<string, readonly unknown[]>;
  const merged = {
    ...literal,
    providers: join(literal['providers'], providers),
    models: join(literal['models'], models),
    tenants: join(literal['tenants'], tenants),
  };
  return checkConfig(JSON.stringify(merged), sources);
}

function join(base: readonly unknown[] | undefined, more: readonly Readonly<Record<string, unknown>>[]): unknown[] {
  const declared = new Set((base ?? []).map((entry) => (entry as { readonly id: string }).id));
  return [...(base ?? []), ...more.filter((entry) => !declared.has(String(entry['id'])))];
}

export function overlayKeys(overlay: readonly OverlayEntity[]): OverlayKey[] {
  return overlay.filter((e) => e.kind === 'key').map((e) => e.value as unknown as OverlayKey);
}
