import { type HostedUses, isJsonObject, type JsonObject } from '@atp-router/kernel';
import { tallied, useCount } from '../hosted-tools.ts';

/** Counters of `server_tool_use`, and the tools that they count. */
const COUNTERS: readonly (readonly [counter: string, tool: string])[] = [
  ['web_search_requests', 'web_search'],
  ['web_fetch_requests', 'web_fetch'],
];

/** What `usage` says of tools at the provider; undefined when it does not speak of them. */
export function reportedUses(usage: unknown): HostedUses | undefined {
  const told = isJsonObject(usage) ? usage['server_tool_use'] : undefined;
  if (!isJsonObject(told)) return undefined;
  const uses: Record<string, number> = {};
  for (const [counter, tool] of COUNTERS) {
    const count = useCount(told[counter]);
    if (count > 0) uses[tool] = count;
  }
  return uses;
}

/** The tool whose result a content block is. One that failed is not billed. */
export function toolOfResult(block: JsonObject): string | undefined {
  const tool = COUNTERS.find(([, name]) => block['type'] === `${name}_tool_result`)?.[1];
  const content = block['content'];
  const failed = isJsonObject(content) && String(content['type']).endsWith('_error');
  return failed ? undefined : tool;
}

/** Of a whole message: what it reports, and where it reports nothing the results that it holds. */
export function usesOfMessage(body: JsonObject): HostedUses | undefined {
  const content = body['content'];
  return reportedUses(body['usage']) ?? tallied(Array.isArray(content) ? content : [], toolOfResult);
}
