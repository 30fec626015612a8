import { AtpError, NANOS_PER_USD, nanosToMicros } from '@atp-router/kernel';
import type { RouteAnswered, RouteDecided, RouteFeedback } from '@atp-router/ledger';
import {
  fourDigits,
  type Guessed,
  type Observation,
  onFrontier,
  WHAT_IF_WORDS,
  whatIf,
  whatIfPolicy,
} from '@atp-router/routing';
import { successOf } from '../success/success-report.ts';
import type { AdminParts } from './parts.ts';
import { type AdminReply, type AdminRequest, type AdminRoutes, notFound, ok } from './routes.ts';

/** `/routing`: how `auto` chooses. */
export function addRouting(routes: AdminRoutes, parts: AdminParts): void {
  routes.get('/routing/explain', ['request_id'], (request) => explain(request, parts));
  routes.get('/routing/scores', ['tenant'], (request) => scores(request, parts));
  routes.get('/routing/whatif', ['policy'], (request) => whatif(request, parts));
  routes.get('/routing/success', [], () => success(parts));
}

async function explain({ query }: AdminRequest, { ledger }: AdminParts): Promise<AdminReply> {
  const id = query.text('request_id');
  if (id === undefined) {
    const message = 'Say which request as "request_id", as its answer and `x-atp-request-id` have it.';
    throw new AtpError('invalid_request', message, { param: 'request_id' });
  }
  const decided = await ledger.learned.route(id);
  if (decided === undefined) {
    throw notFound(`choice of "auto" for request "${id}", or it is older than a day, or the request has not ended`);
  }
  return ok(viewOf(decided));
}

async function scores({ query }: AdminRequest, { learning, manager }: AdminParts): Promise<AdminReply> {
  const tenant = query.text('tenant');
  if (tenant !== undefined && !manager.config.tenants.some(({ id }) => id === tenant)) {
    throw notFound(`tenant "${tenant.slice(0, 100)}"`);
  }
  // What others have written by now counts, too.
  await learning.keeper.exchange();
  const data = learning.chooser.scores(tenant).map(({ model, topic, n, right }) => ({
    ...{ model, cluster: topic ?? null, observations: fourDigits(n), right: fourDigits(right / n) },
  }));
  return ok({ data });
}

async function success({ ledger }: Pick<AdminParts, 'ledger'>): Promise<AdminReply> {
  return ok(successOf(await ledger.learned.routes(ROUTES_MAX)));
}

/** Choices that are looked at, and words on them: all that are kept of one process. */
const ROUTES_MAX = 10_000;

async function whatif({ query }: AdminRequest, { ledger }: AdminParts): Promise<AdminReply> {
  const text = query.text('policy');
  const policy = text === undefined ? undefined : whatIfPolicy(text);
  if (policy === undefined) {
    throw new AtpError('invalid_request', `"policy" has to be one of ${WHAT_IF_WORDS}.`, { param: 'policy' });
  }
  const { was, ips, doubly_robust, effective, ...counts } = whatIf(
    observationsOf(await ledger.learned.routes(ROUTES_MAX)),
    policy,
  );
  const shown = ({ right, cost_usd }: typeof was): object => ({ right: guessed(right), cost_usd: guessed(cost_usd) });
  const estimates = { was: shown(was), ips: shown(ips), doubly_robust: shown(doubly_robust) };
  return ok({ policy: text, ...counts, effective: Math.round(effective * 10) / 10, ...estimates });
}

/** Calls that have ended well, each with the last word on it. */
function observationsOf(events: readonly (RouteDecided | RouteFeedback)[]): readonly Observation[] {
  const words = new Map<string, number>();
  for (const event of events) {
    if (event.type === 'route.feedback' && event.by === undefined && !words.has(event.call_id))
      words.set(event.call_id, event.right);
  }
  return events.flatMap((event): Observation[] => {
    if (event.type !== 'route.decided' || event.outcome !== 'ok') return [];
    const { call_id, candidates, plan, first, propensity, cost_usd_nanos } = event;
    const who = candidates.map(({ model, chance, expected_usd_nanos }) => ({
      ...{ model, chance, cost_usd: expected_usd_nanos / NANOS_PER_USD },
    }));
    const cost_usd = cost_usd_nanos / NANOS_PER_USD;
    return [{ candidates: who, is_single: plan === 'single', first, propensity, cost_usd, right: words.get(call_id) }];
  });
}

/** Null: nothing can be said. Eight digits, for prompts may cost millionths. */
function guessed({ mean, low, high }: Guessed): object | null {
  const short = (value: number): number => Math.round(value * 1e8) / 1e8;
  return Number.isNaN(mean) ? null : { mean: short(mean), low: short(low), high: short(high) };
}

/** Money in micro-dollars, null for what there is none of. */
function viewOf(decided: RouteDecided): object {
  const { type: _, lesson, candidates, cost_usd_nanos, quality_usd, ...more } = decided;
  const { tried_usd_nanos, regret_usd_nanos, baseline, ...rest } = more;
  const { topic, answers, taken } = lesson;
  const on = onFrontier(candidates.map(({ chance, expected_usd_nanos }) => [-chance, expected_usd_nanos]));
  return {
    ...{ policy: null, task_type: null, speculated: [] },
    ...rest,
    quality_usd,
    cluster: topic ?? null,
    candidates: candidates.map(({ expected_usd_nanos, expected_cached_tokens = 0, ...one }, at) => ({
      ...one,
      expected_cached_tokens,
      expected_usd_micros: nanosToMicros(expected_usd_nanos),
      worth: worthOf(one.chance, expected_usd_nanos, quality_usd),
      on_frontier: on[at] === true,
    })),
    tried_usd_micros: nanosToMicros(tried_usd_nanos),
    regret_usd_micros: nanosToMicros(regret_usd_nanos),
    baseline: { model: baseline.model, expected_usd_micros: nanosToMicros(baseline.expected_usd_nanos) },
    answers: answers.map(answerView),
    taken: taken ?? null,
    cost_usd_micros: nanosToMicros(cost_usd_nanos),
  };
}

/** Chance of a right answer less its price, in points of quality: 1 is all of it. */
function worthOf(chance: number, expected_usd_nanos: number, quality_usd: number): number {
  return Math.round((chance - expected_usd_nanos / NANOS_PER_USD / quality_usd) * 10_000) / 10_000;
}

function answerView({ model, out_tokens, length, choice }: RouteAnswered): object {
  return { model, out_tokens, longer_by: length, choice: choice ?? null };
}
