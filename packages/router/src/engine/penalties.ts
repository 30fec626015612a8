import { type AccountLedger, type Estimator, type Penalty, penaltyOf, worseTier } from '@atp-router/flow';
import type { Qos } from '@atp-router/kernel';
import { mostCalls } from './call-limit.ts';
import type { Ceilings } from './ceilings.ts';
import type { Target } from './target.ts';

/** A summary is a pass over seven days: a deployment is judged this often at most. */
const JUDGED_EVERY_MS = 10_000;
/** Deployments that are judged; the one that was judged first is forgotten, and without a penalty until it is judged again. */
const DEPLOYMENTS_MAX = 4_096;

interface Judged {
  readonly at_ms: number;
  readonly penalty: Penalty | undefined;
}

/**
 * What deployments pay whose estimates were too low again and again: for a time they are given half as many calls at once,
 * more is held for each, and where it is a habit their calls are served a tier worse. Times are the wall clock's, as those of
 * the estimates are.
 */
export class Penalties {
  readonly #estimator: Pick<Estimator, 'accuracy'>;
  readonly #accounts: AccountLedger;
  readonly #ceilings: Ceilings;
  /** By account of the deployment. */
  readonly #judged: Map<string, Judged> = new Map();

  constructor(estimator: Pick<Estimator, 'accuracy'>, accounts: AccountLedger, ceilings: Ceilings) {
    this.#estimator = estimator;
    this.#accounts = accounts;
    this.#ceilings = ceilings;
  }

  /** An estimate of it has been held against what was used. */
  judge(target: Target, now_ms: number): void {
    if (!target.provider.is_common) return;
    const account = target.deployment_account;
    const before = this.#judged.get(account);
    if (before !== undefined && Math.abs(now_ms - before.at_ms) < JUDGED_EVERY_MS) return;
    const { total } = this.#estimator.accuracy(target.model.id, now_ms);
    const penalty = penaltyOf(total, before?.penalty, now_ms);
    this.#judged.delete(account);
    this.#judged.set(account, { at_ms: now_ms, penalty });
    this.#bind(account, target, penalty);
    const [oldest] = this.#judged.size > DEPLOYMENTS_MAX ? this.#judged.keys() : [];
    if (oldest === undefined) return;
    this.#judged.delete(oldest);
    this.#ceilings.set(oldest, 'estimates', Number.POSITIVE_INFINITY);
  }

  /** What holds now, for a call that is about to begin. */
  of(target: Target, now_ms: number): Penalty | undefined {
    const account = target.deployment_account;
    const judged = this.#judged.get(account);
    if (judged?.penalty === undefined) return undefined;
    const penalty = penaltyOf(undefined, judged.penalty, now_ms);
    if (penalty === undefined) this.#judged.set(account, { at_ms: judged.at_ms, penalty });
    // Its limits may be others than they were when it was judged.
    this.#bind(account, target, penalty);
    return penalty;
  }

  /** The tier that a call of this tier is served in. */
  tier(target: Target, qos: Qos, now_ms: number): Qos {
    return this.of(target, now_ms)?.loses_tier === true ? worseTier(qos) : qos;
  }

  /** Those under a penalty. */
  *list(now_ms: number): Generator<{ readonly account: string; readonly penalty: Penalty }> {
    for (const [account, { penalty }] of this.#judged) {
      const held = penaltyOf(undefined, penalty, now_ms);
      if (held !== undefined) yield { account, penalty: held };
    }
  }

  /** Half of nothing in particular is no number: without a limit there is no ceiling. */
  #bind(account: string, target: Target, penalty: Penalty | undefined): void {
    const factor = penalty?.parallel_factor ?? 1;
    const most = mostCalls(this.#accounts, this.#ceilings, account, target.provider_account);
    const is_free = factor === 1 || !Number.isFinite(most);
    const calls = is_free ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(most * factor));
    this.#ceilings.set(account, 'estimates', calls);
  }
}
