import { isJsonObject } from '@atp-router/kernel';
import type { HostedTool } from '@atp-router/dialects';
import type { ProviderKind } from './types.ts';

/** What one use of a tool that runs at the provider is expected to cost, in micro-dollars. */
export interface HostedToolCost {
  readonly tool: string;
  readonly usd_micros: number;
}

/**
 * Micro-dollars of one use, by the name that the tool has without its date (`web_search_20250305` is `web_search`).
 * Operators replace or extend it; a tool that no table names is estimated at 0 and settled by what the provider bills.
 */
export type HostedToolPrices = Readonly<Record<string, number>>;

/** Vendors' list prices of one use. They change; what bills real customers is the operator's own table. */
export const HOSTED_TOOL_PRICES: Readonly<Record<ProviderKind, HostedToolPrices>> = {
  openai: {
    web_search: 10_000,
    web_search_preview: 10_000,
    // How Chat Completions declares the same search.
    web_search_options: 10_000,
    file_search: 2_500,
    code_interpreter: 30_000,
  },
  anthropic: { web_search: 10_000, web_fetch: 0 },
  gemini: { google_search: 14_000, google_search_retrieval: 35_000, url_context: 0, code_execution: 0 },
  ollama: {},
  sim: {},
};

/** Tool costs of a request for its estimate: one use of each declared tool, or `max_uses` of it where that is given. */
export function hostedToolCosts(
  kind: ProviderKind,
  tools: readonly HostedTool[],
  overrides: HostedToolPrices = {},
): readonly HostedToolCost[] {
  const prices: HostedToolPrices = { ...HOSTED_TOOL_PRICES[kind], ...overrides };
  return tools.map((tool) => {
    const name = nameOf(tool);
    return { tool: name, usd_micros: Math.round((prices[name] ?? 0) * usesOf(tool)) };
  });
}

function nameOf(tool: HostedTool): string {
  return tool.type.replace(/_\d{4}_?\d{2}_?\d{2}$/, '');
}

/** Bound on what a client's `max_uses` may add to an estimate. */
const USES_MAX = 100;

function usesOf(tool: HostedTool): number {
  const uses = isJsonObject(tool.raw) ? tool.raw['max_uses'] : undefined;
  return typeof uses === 'number' && Number.isInteger(uses) && uses > 0 ? Math.min(uses, USES_MAX) : 1;
}
