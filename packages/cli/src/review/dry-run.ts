import { nanosToMicros } from '@atp-router/kernel';
import type { CostBounds } from '@atp-router/router';
import { count, printable, usd } from '../print/text.ts';
import type { FileChange } from './diff.ts';
import type { Part } from './parts.ts';
import { promptOf } from './prompt.ts';
import { type LeftOut, REASONS } from './select.ts';
import type { Reviewers } from './where.ts';

/** What a review would ask. */
export interface Plan {
  readonly range: string;
  readonly policy: string;
  readonly files: readonly { readonly path: string; readonly added: number; readonly removed: number }[];
  readonly left_out: readonly LeftOut[];
  readonly masked: number;
  readonly parts: readonly {
    readonly files: readonly string[];
    readonly prompt_chars: number;
    readonly prompt_tokens: number;
  }[];
  /** At least and at most, over all parts; undefined: only the router that is asked knows its prices. */
  readonly cost_usd_micros: readonly [low: number, high: number | null] | undefined;
  readonly max_usd_micros: number | undefined;
}

/** Code has about so many characters a token; it is an estimate for people, and nothing is billed by it. */
const CHARS_PER_TOKEN = 3;
/** What the prompt of a reviewer adds, and what a review is expected to answer. */
const SYSTEM_TOKENS = 150;
const ANSWER_TOKENS = 1_500;
const MICROS_PER_USD = 1_000_000;

export async function planOf(
  who: Reviewers,
  parts: readonly Part[],
  facts: {
    readonly range: string;
    readonly policy: string;
    readonly files: readonly FileChange[];
    readonly left_out: readonly LeftOut[];
    readonly masked: number;
    readonly max_usd: number | undefined;
  },
): Promise<Plan> {
  const { range, policy, left_out, masked, max_usd } = facts;
  const sizes = parts.map((part, i) => promptOf(part, { n: i + 1, of: parts.length }).length);
  const tokens = sizes.map((chars) => Math.ceil(chars / CHARS_PER_TOKEN) + SYSTEM_TOKENS);
  return {
    ...{ range, policy, left_out, masked },
    files: facts.files.map(({ path, added, removed }) => ({ path, added, removed })),
    parts: parts.map(({ pieces }, i) => ({
      files: [...new Set(pieces.map(({ file }) => file.path))],
      prompt_chars: sizes[i] ?? 0,
      prompt_tokens: tokens[i] ?? 0,
    })),
    cost_usd_micros: who.kind === 'online' ? undefined : await costOf(who, policy, tokens),
    max_usd_micros: max_usd === undefined ? undefined : Math.round(max_usd * MICROS_PER_USD),
  };
}

/** By the matcher and the prices of the router that would be started. */
async function costOf(
  { config, out_tokens }: Extract<Reviewers, { kind: 'local' }>,
  policy: string,
  tokens: readonly number[],
): Promise<Plan['cost_usd_micros']> {
  const { boundsOf, PolicyView } = await import('@atp-router/router');
  // No answer is longer than the review asks for.
  const models = config.models.map((model) => ({
    ...model,
    max_output_tokens: Math.min(model.max_output_tokens ?? model.context, model.context, out_tokens),
  }));
  const view = new PolicyView({ ...config, models, tenants: [] });
  const question = { model: `policy:${policy}`, data_scopes: [], out_tokens: ANSWER_TOKENS };
  const bounds = tokens.map((in_tokens): CostBounds => boundsOf(view, view.decide({ ...question, in_tokens })));
  const is_bounded = bounds.every(({ usd_nanos_high }) => usd_nanos_high !== undefined);
  const low = bounds.reduce((sum, one) => sum + one.usd_nanos_low, 0);
  const high = bounds.reduce((sum, one) => sum + (one.usd_nanos_high ?? 0), 0);
  return [nanosToMicros(low), is_bounded ? nanosToMicros(high) : null];
}

export function planText(plan: Plan): string {
  const { range, policy, files, left_out, masked, parts, cost_usd_micros: cost, max_usd_micros } = plan;
  const tokens = parts.reduce((sum, part) => sum + part.prompt_tokens, 0);
  return [
    `${range}: ${count(files.length, 'file')}, ${count(parts.length, 'part')}, policy ${policy}; nothing is sent`,
    ...files.map(({ path, added, removed }) => printable(`  ${path}  +${added} -${removed}`)),
    ...left_out.map(({ path, reason }) => printable(`left out: ${path} (${REASONS[reason]})`)),
    `masked: ${count(masked, 'place')}`,
    `each reviewer reads about ${tokens} tokens`,
    cost === undefined
      ? 'cost: by the prices of the router that is asked'
      : `cost: expected from ${usd(cost[0])}, at most ${cost[1] === null ? 'unknown, a model has no price' : usd(cost[1])}`,
    ...(max_usd_micros === undefined ? [] : [`--max-usd keeps it at or below ${usd(max_usd_micros)}`]),
    '',
  ].join('\n');
}
