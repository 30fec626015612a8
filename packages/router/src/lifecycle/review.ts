import type { Config } from '@atp-router/adapters';
import { isAtpError } from '@atp-router/kernel';
import {
  COMPARISONS_MAX,
  LEARNED_SESSION_MS,
  type LearnedStore,
  type ShadowCompared,
  type ShadowStore,
} from '@atp-router/ledger';
import {
  type Evidence,
  evidenceOf,
  type Experiment,
  experimentsOf,
  formatErrors,
  judge,
  type Judged,
  type Verdict,
} from '@atp-router/routing';
import type { LifecycleDesk, OnFile } from './desk.ts';
import { lastMoved_ms } from './papers.ts';

/** Who the rules are in records. */
const RULE = 'rule';

/** A model as the rules see it. */
export interface Reviewed {
  readonly found: OnFile;
  readonly verdict: Verdict;
  /** Of shadows, since their last move. */
  readonly evidence: Evidence | undefined;
  readonly experiments: readonly Experiment[];
}

export interface ReviewParts {
  readonly desk: LifecycleDesk;
  readonly shadows: ShadowStore;
  readonly learned: Pick<LearnedStore, 'drifts'>;
  readonly config: () => Config;
  readonly now_ms: () => number;
}

/** What the rules make of what is known of a model. */
export async function reviewed(found: OnFile, parts: ReviewParts): Promise<Reviewed> {
  const { id, status, papers } = found;
  const since_ms = lastMoved_ms(papers);
  const { rules } = parts.config().registry;
  // Of an active model only the form of its last answers is looked at.
  const most = status === 'shadow' ? COMPARISONS_MAX : status === 'active' ? rules.format_window : 0;
  const all = most === 0 ? [] : await parts.shadows.of(id, since_ms ?? 0, most);
  const own = all.filter((one) => one.challenger === id && one.since_ms === (since_ms ?? 0));
  const evidence = evidenceOf(own);
  const verdict = judge(
    {
      ...{ status, evidence },
      format: formatErrors(id, withStatus(id, status, all), rules.format_window),
      incidents: papers.incidents.filter(({ at_ms }) => at_ms >= (since_ms ?? 0)).length,
      was_promoted: papers.holding.at(-1)?.to === 'active',
      price_ratio: priceRatio(id, parts.config()),
      drift: status === 'active' ? await driftOf(id, since_ms ?? 0, parts) : NO_DRIFT,
      rested_ms: since_ms === undefined ? undefined : parts.now_ms() - since_ms,
    },
    rules,
  );
  const is_shadow = status === 'shadow';
  return {
    ...{ found, verdict },
    evidence: is_shadow ? evidence : undefined,
    experiments: is_shadow ? experimentsOf(id, own) : [],
  };
}

const NO_DRIFT = { tenants: 0, of: 0, shift: 0 } as const;

/** What tenants' results have shown within a day. One that got better since has taken it back. */
async function driftOf(id: string, since_ms: number, parts: ReviewParts): Promise<Judged['drift']> {
  const from_ms = Math.max(since_ms, parts.now_ms() - LEARNED_SESSION_MS);
  const worse = new Map<string, number>();
  // The oldest first.
  for (const { tenant, direction, shift } of [...(await parts.learned.drifts(id, from_ms))].reverse()) {
    if (direction === 'worse') worse.set(tenant, shift);
    else worse.delete(tenant);
  }
  const shifts = [...worse.values()];
  const shift = shifts.reduce((sum, one) => sum + one, 0) / Math.max(1, shifts.length);
  return { tenants: worse.size, of: parts.config().tenants.length, shift };
}

/** Does what the rules say, for all models, one after the other. Returns those that were moved. */
export async function review(parts: ReviewParts): Promise<readonly Reviewed[]> {
  const moved: Reviewed[] = [];
  for (const found of parts.desk.all()) {
    const one = await reviewed(found, parts);
    const { verdict } = one;
    if (verdict.kind === 'hold') continue;
    const { to, cause, numbers, why } = verdict;
    const act = { by: RULE, note: why.join('; ') };
    try {
      await parts.desk.move(found.id, to, act, { cause, numbers }, found.status);
      moved.push(one);
    } catch (error) {
      // Somebody has moved it meanwhile, or its papers do not allow it: that keeps no other from being judged.
      if (!isAtpError(error) || error.code !== 'conflict') throw error;
    }
  }
  return moved;
}

/** An active model is seen as a champion, a shadow as a challenger. */
function withStatus(id: string, status: string, all: readonly ShadowCompared[]): readonly ShadowCompared[] {
  return all.filter((one) => (status === 'active' ? one.champion : one.challenger) === id);
}

/** Prompt and answer of one size, by the price lists: what three tokens read and one written cost. */
function priceRatio(id: string, { models }: Config): number | undefined {
  const priceOf = (one: Config['models'][number]): number | undefined =>
    one.price && 3 * one.price.in_usd_per_mtok + one.price.out_usd_per_mtok;
  const own = models.find((one) => one.id === id);
  const others = models.filter((one) => one.id !== id && one.status === 'active').flatMap((one) => priceOf(one) ?? []);
  const price = own && priceOf(own);
  const least = Math.min(...others);
  return price === undefined || others.length === 0 || least === 0 ? undefined : price / least;
}
