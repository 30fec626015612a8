import { HOSTED_USES_MAX, type HostedUses, isJsonObject, type JsonObject } from '@atp-router/kernel';
import type { DialectId, HostedTool } from './model.ts';

/** Types of `tools` entries that the client runs itself. */
const CLIENT_RUN: ReadonlySet<unknown> = new Set([undefined, 'function', 'custom']);

/**
 * The tools of a body that run at the provider, without decoding it; undefined for nearly every body, which then costs
 * a look at the type of each tool and no more.
 */
export function declaredTools(body: JsonObject, origin: DialectId): readonly HostedTool[] | undefined {
  let found: HostedTool[] | undefined;
  const tools: unknown = body['tools'];
  for (const raw of Array.isArray(tools) ? (tools as readonly unknown[]) : NONE) {
    if (!isJsonObject(raw) || CLIENT_RUN.has(raw['type']) || typeof raw['type'] !== 'string') continue;
    found ??= [];
    found.push({ type: raw['type'], origin, raw });
  }
  const search = origin === 'openai-chat' ? body['web_search_options'] : undefined;
  if (!isJsonObject(search)) return found;
  return [...(found ?? []), { type: 'web_search_options', origin, raw: search }];
}

const NONE: readonly unknown[] = [];

/** A count of uses as a provider reports it; 0 for what is none or cannot be true. */
export function useCount(value: unknown): number {
  const plausible = typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= HOSTED_USES_MAX;
  return plausible ? value : 0;
}

/** Counts uses one by one, as the parts of an answer show them. The names are the dialects' own, so they are few. */
export class UseTally {
  #uses: HostedUses | undefined;

  get uses(): HostedUses | undefined {
    return this.#uses;
  }

  add(name: string | undefined): void {
    if (name === undefined) return;
    const before = this.#uses?.[name] ?? 0;
    this.#uses = { ...this.#uses, [name]: Math.min(before + 1, HOSTED_USES_MAX) };
  }
}

/** The uses that a list of blocks shows. */
export function tallied(
  blocks: Iterable<unknown>,
  nameOf: (block: JsonObject) => string | undefined,
): HostedUses | undefined {
  const tally = new UseTally();
  for (const block of blocks) if (isJsonObject(block)) tally.add(nameOf(block));
  return tally.uses;
}
