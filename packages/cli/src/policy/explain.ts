import { splitBudget } from '@atp-router/consensus';
import { type JsonObject, nanosToMicros } from '@atp-router/kernel';
import { boundsOf, type Decision, PolicyView, questionOf } from '@atp-router/router';
import { type Cli, show } from '../commands/context.ts';
import { EXIT } from '../exit.ts';
import { findConfig } from '../serve/find-config.ts';
import { boundsOfBudget, type Explanation } from './explanation.ts';
import { explanation } from './print.ts';

export interface ExplainOptions {
  readonly config?: string;
  readonly policy?: string;
  readonly facts?: string;
  readonly taskType?: string;
  readonly qos?: string;
  readonly dataScope?: string;
  readonly tenant?: string;
  readonly key?: string;
  readonly model: string;
  readonly inTokens?: number;
  readonly outTokens?: number;
  readonly json?: boolean;
}

/** Which policy a request comes under, as a decision trace. */
export async function explainPolicy(cli: Cli, options: ExplainOptions): Promise<void> {
  const { config } = await findConfig(options.config, cli.terminal);
  const view = new PolicyView(config);
  const question = questionOf(bodyOf(options));
  const decision = view.decide(question);
  const considered = view.consider(question, options.policy);
  const answer: Explanation = { model: question.model, decision, considered, bounds: boundsOf(view, decision) };
  show(cli, options, reportOf(answer), () => explanation(answer));
  const asked =
    options.policy === undefined ? decision.routed.ok : considered.every(({ outcome }) => outcome === 'yes');
  if (!asked) cli.exit(EXIT.failed);
}

function bodyOf(options: ExplainOptions): JsonObject {
  const { model, tenant, key, qos, taskType, dataScope, facts, inTokens, outTokens } = options;
  const scopes = dataScope?.split(',').map((scope) => scope.trim());
  const given = { model, tenant, key, qos, task_type: taskType, data_scope: scopes, facts };
  return { ...given, in_tokens: inTokens, out_tokens: outTokens };
}

/** The same for programs: money as integer micro-dollars, `null` for what is not bounded. */
function reportOf({ model, decision, considered, bounds }: Explanation): object {
  const { facts, policy, by, fanout, routed } = decision;
  return {
    ...{ model, tenant: facts.tenant.id, qos: facts.qos, policy: policy?.id ?? null, by },
    ...(routed.ok
      ? { targets: routed.plan.targets.map(({ id }) => id), why: routed.plan.why }
      : { refused: { code: routed.error.code, message: routed.error.message } }),
    considered,
    fanout: fanout ?? null,
    budget: budgetOf(decision),
    calls: [bounds.calls_low, bounds.calls_high],
    cost_usd_micros: [nanosToMicros(bounds.usd_nanos_low), micros(bounds.usd_nanos_high)],
  };
}

function budgetOf({ policy, fanout }: Decision): object | null {
  const budget = policy?.budget;
  if (budget === undefined) return null;
  const whole = { usd_micros: micros(budget.usd_nanos), tokens: budget.tokens ?? null };
  if (fanout === undefined) return whole;
  const { share, shares, arbiter_usd_nanos } = splitBudget(fanout, boundsOfBudget(budget));
  const each = { usd_micros: micros(share.usd_nanos), tokens: Number.isFinite(share.tokens) ? share.tokens : null };
  return { ...whole, shares, share: each, arbiter_usd_micros: nanosToMicros(arbiter_usd_nanos) };
}

function micros(nanos: number | undefined): number | null {
  return nanos === undefined || !Number.isFinite(nanos) ? null : nanosToMicros(nanos);
}
