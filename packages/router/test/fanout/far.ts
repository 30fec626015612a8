import { hashOf, TENANT_KEY } from '../admin/harness.ts';
import { type Panel, panel, type PanelOptions } from './scripted.ts';

/**
 * A panel whose models `d` and `e` are beyond the machine, as far as the router can tell: the address of theirs names no
 * machine, so that it is not taken for a private one, and leads to this one.
 */
export function withFar(
  policies: readonly Readonly<Record<string, unknown>>[],
  { tenant = {}, context = () => 128_000, price = () => 1, ...more }: FarOptions = {},
): Promise<Panel> {
  const acme = { id: 'acme', qos_max: 'gold', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }] };
  return panel(policies, {
    providers: (base_url) => [
      { ...PROVIDER, id: 'up', base_url },
      { ...PROVIDER, id: 'far', base_url: base_url.replace('127.0.0.1', '0.0.0.0') },
    ],
    models: ['a', 'b', 'c', 'd', 'e'].map((id) => {
      const is_far = id >= 'd';
      const costs = { in_usd_per_mtok: price(id), out_usd_per_mtok: price(id) };
      const capabilities = ['chat', 'tools', 'json_mode', 'json_schema', ...(is_far ? ['embeddings'] : [])];
      return { id, provider: is_far ? 'far' : 'up', context: context(id), price: costs, capabilities };
    }),
    tenants: [{ ...acme, budget: { usd_per_day: 50 }, ...tenant }],
    personas: PERSONAS,
    ...more,
  });
}

const PROVIDER = { type: 'openai', api_key: 'k', retry: { max_attempts: 1 } };

/** Keys of the tenant; what each model has. */
export interface FarOptions extends PanelOptions {
  readonly tenant?: object;
  readonly context?: (model: string) => number;
  readonly price?: (model: string) => number;
}

const PERSONAS: readonly object[] = [
  { id: 'mask', role: 'filter', model: 'b', filter: true, system_prompt: 'Take out names.' },
  { id: 'home', role: 'reader', model: 'a', compliance: ['local_only'] },
  { id: 'shut', role: 'reader', model: 'a', compliance: ['no_external'] },
];

/** Who was asked, in their order. */
export function askedOf({ up }: Panel): readonly string[] {
  return up.asked.map(({ model }) => model);
}

/** The call refused as the router's policies say, and nobody asked. */
export const DENIED: object = { status: 403, json: { error: { code: 'policy_denied' } } };
