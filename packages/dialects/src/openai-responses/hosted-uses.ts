import type { HostedUses, JsonObject } from '@atp-router/kernel';
import { isJsonObject } from '@atp-router/kernel';
import { tallied } from '../hosted-tools.ts';

const TOOLS: ReadonlyMap<unknown, string> = new Map([
  ['web_search_call', 'web_search'],
  ['file_search_call', 'file_search'],
  ['code_interpreter_call', 'code_interpreter'],
]);

/** The tool that an output item is a use of. Of web searches only those that search are billed, not opened pages. */
export function toolOfItem(item: JsonObject): string | undefined {
  const { action } = item;
  if (item['type'] === 'web_search_call' && isJsonObject(action) && !isSearch(action)) return undefined;
  return TOOLS.get(item['type']);
}

function isSearch(action: JsonObject): boolean {
  return action['type'] === undefined || action['type'] === 'search';
}

/** Of the items of a Response; undefined when there are none. */
export function usesOfOutput(output: unknown): HostedUses | undefined {
  return Array.isArray(output) ? tallied(output, toolOfItem) : undefined;
}
