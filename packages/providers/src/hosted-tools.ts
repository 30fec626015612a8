import type { HostedTool } from '@atp-router/dialects';
import {
  addUsdNanos,
  HOSTED_USES_MAX,
  type HostedUses,
  isJsonObject,
  NANOS_PER_USD,
  nanosToMicros,
  type UsdNanos,
} from '@atp-router/kernel';
import type { ProviderKind } from './types.ts';

/** What one use of a tool that runs at the provider is expected to cost, in micro-dollars. */
export interface HostedToolCost {
  readonly tool: string;
  readonly usd_micros: number;
}

/**
 * Nano-dollars of one use, by the name that the tool has without its date (`web_search_20250305` is `web_search`). A map,
 * since clients choose the names that are looked up. A tool that it does not name costs nothing.
 */
export type HostedToolPrices = ReadonlyMap<string, UsdNanos>;

/**
 * The tools that can have a price: those whose uses answers tell, and their variants. A price of any other would reserve
 * money that is never settled.
 */
export const HOSTED_TOOLS = [
  'web_search',
  'web_search_preview',
  'web_fetch',
  'file_search',
  'code_interpreter',
  'google_search',
  'google_search_retrieval',
] as const;

export type HostedToolName = (typeof HOSTED_TOOLS)[number];

type UsdPerUse = { readonly [tool in HostedToolName]?: number | undefined };

/** The month of the price lists below. */
export const HOSTED_TOOL_PRICES_AS_OF: string = '2026-11';

/** Vendors' list prices of one use, US dollars. They change; what bills real customers is the operator's own table. */
const LIST_USD: Readonly<Record<ProviderKind, UsdPerUse>> = {
  openai: { web_search: 0.01, web_search_preview: 0.01, file_search: 0.0025, code_interpreter: 0.03 },
  anthropic: { web_search: 0.01, web_fetch: 0 },
  gemini: { google_search: 0.014, google_search_retrieval: 0.035 },
  ollama: {},
  sim: {},
  agent: {},
};

/** The list prices of a kind, with the operator's own in their place. */
export function hostedToolPrices(kind: ProviderKind, own_usd_per_use: UsdPerUse = {}): HostedToolPrices {
  const prices = new Map<string, UsdNanos>();
  for (const name of HOSTED_TOOLS) {
    const usd = own_usd_per_use[name] ?? LIST_USD[kind][name];
    if (usd !== undefined) prices.set(name, Math.round(usd * NANOS_PER_USD));
  }
  return prices;
}

/** What the declared tools are expected to cost: one use of each, or `max_uses` of it where that is given. */
export function hostedToolCosts(tools: readonly HostedTool[], prices: HostedToolPrices): readonly HostedToolCost[] {
  return tools.map((tool) => ({
    tool: hostedToolName(tool),
    usd_micros: nanosToMicros(expectedUsdNanos([tool], prices)),
  }));
}

/** The sum of `hostedToolCosts`, for a reservation. */
export function expectedUsdNanos(tools: readonly HostedTool[], prices: HostedToolPrices): UsdNanos {
  return tools.reduce((sum, tool) => addUsdNanos(sum, (prices.get(hostedToolName(tool)) ?? 0) * expectedUses(tool)), 0);
}

/**
 * What uses cost that an answer reported. Answers do not tell variants of a tool apart (`web_search_preview`,
 * `google_search_retrieval`), so the price is that of the variant which the request declared, if it declared one.
 */
export function hostedUsesUsdNanos(
  uses: HostedUses,
  declared: readonly HostedTool[],
  prices: HostedToolPrices,
): UsdNanos {
  let sum: UsdNanos = 0;
  for (const [name, count] of Object.entries(uses)) {
    const price = prices.get(declaredName(name, declared)) ?? prices.get(name) ?? 0;
    sum = addUsdNanos(sum, price * Math.min(count, HOSTED_USES_MAX));
  }
  return sum;
}

function declaredName(name: string, declared: readonly HostedTool[]): string {
  const names = declared.map(hostedToolName);
  if (names.includes(name)) return name;
  return names.find((one) => one.startsWith(`${name}_`)) ?? name;
}

/** The option of Chat Completions declares the tool that the other shapes name. */
export function hostedToolName(tool: HostedTool): string {
  return tool.type === 'web_search_options' ? 'web_search' : tool.type.replace(/_\d{4}_?\d{2}_?\d{2}$/, '');
}

/** Bound on what a client's `max_uses` may add to an estimate. */
const USES_MAX = 100;

function expectedUses(tool: HostedTool): number {
  const uses = maxUses(tool);
  return uses === undefined ? 1 : Math.min(uses, USES_MAX);
}

/** Uses that the request allows in one answer; `Infinity` where it does not say. The search option is one use (ADR 0011). */
export function mostUses(tool: HostedTool): number {
  return tool.type === 'web_search_options' ? 1 : (maxUses(tool) ?? Number.POSITIVE_INFINITY);
}

function maxUses({ raw }: HostedTool): number | undefined {
  const uses = isJsonObject(raw) ? raw['max_uses'] : undefined;
  return typeof uses === 'number' && Number.isInteger(uses) && uses > 0 ? uses : undefined;
}
