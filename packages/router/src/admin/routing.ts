import { AtpError, NANOS_PER_USD, nanosToMicros } from '@atp-router/kernel';
import type { RouteAnswered, RouteCandidateSeen, RouteDecided } from '@atp-router/ledger';
import { fourDigits, frontierOf, WHAT_IF_WORDS, whatIf, whatIfPolicy } from '@atp-router/routing';
import { clustersView, namesOf } from './clusters-view.ts';
import { successOf } from '../success/success-report.ts';
import type { AdminParts } from './parts.ts';
import { guessed, observationsOf, ROUTES_MAX } from './route-observations.ts';
import { type AdminReply, type AdminRequest, type AdminRoutes, notFound, ok } from './routes.ts';

/** `/routing`: how `auto` chooses. */
export function addRouting(routes: AdminRoutes, parts: AdminParts): void {
  routes.get('/routing/explain', ['request_id'], (request) => explain(request, parts));
  routes.get('/routing/scores', ['tenant'], (request) => scores(request, parts));
  routes.get('/routing/clusters', ['tenant'], (request) => clusters(request, parts));
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

function tenantOf({ query }: AdminRequest, { manager }: AdminParts): string | undefined {
  const tenant = query.text('tenant');
  if (tenant !== undefined && !manager.config.tenants.some(({ id }) => id === tenant)) {
    throw notFound(`tenant "${tenant.slice(0, 100)}"`);
  }
  return tenant;
}

async function clusters(request: AdminRequest, parts: AdminParts): Promise<AdminReply> {
  const tenant = tenantOf(request, parts);
  const { keeper, chooser } = parts.learning;
  await keeper.exchange();
  return ok(clustersView(chooser.clusters(), chooser.scores(tenant)));
}

async function scores(request: AdminRequest, parts: AdminParts): Promise<AdminReply> {
  const tenant = tenantOf(request, parts);
  const { learning } = parts;
  // What others have written by now counts, too.
  await learning.keeper.exchange();
  const names = namesOf(learning.chooser.clusters());
  const data = learning.chooser.scores(tenant).map(({ model, topic, kind, n, right }) => ({
    ...{
      model,
      cluster: topic ?? null,
      cluster_name: names(topic) ?? null,
      kind: kind ?? null,
      observations: fourDigits(n),
      right: fourDigits(right / n),
    },
  }));
  return ok({ data });
}

async function success({ ledger }: Pick<AdminParts, 'ledger'>): Promise<AdminReply> {
  return ok(successOf(await ledger.learned.routes(ROUTES_MAX)));
}

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

/** Money in micro-dollars, null for what there is none of. */
function viewOf(decided: RouteDecided): object {
  const { type: _, lesson, candidates, cost_usd_nanos, quality_usd, ...more } = decided;
  const { tried_usd_nanos, regret_usd_nanos, baseline, ...rest } = more;
  const { topic, kind, cluster, answers, taken } = lesson;
  const on = frontierOf(
    WORSE_BY.map((by) => candidates.map(by)),
    candidates.length,
  );
  return {
    ...{ policy: null, task_type: null, speculated: [], energy_joules: null, co2e_mg: null },
    ...rest,
    quality_usd,
    cluster: topic ?? null,
    cluster_id: cluster ?? null,
    kind: kind ?? null,
    candidates: candidates.map((one, at) => ({
      ...candidateView(one),
      worth: worthOf(one.chance, weighedOf(one), quality_usd),
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

/** What the frontier of candidates is of: chance, cost, latency and CO2e. Less is better. */
const WORSE_BY: readonly ((one: RouteCandidateSeen) => number | undefined)[] = [
  ({ chance }) => -chance,
  ({ expected_usd_nanos }) => expected_usd_nanos,
  ({ expected_ms }) => expected_ms,
  ({ expected_co2e_mg }) => expected_co2e_mg,
];

function candidateView(one: RouteCandidateSeen): object {
  const { model, chance, spread, expected_usd_nanos, expected_cached_tokens = 0 } = one;
  return {
    ...{ model, chance, spread, expected_cached_tokens },
    expected_usd_micros: nanosToMicros(expected_usd_nanos),
    weighed_usd_micros: nanosToMicros(weighedOf(one)),
    expected_energy_joules: one.expected_energy_joules ?? null,
    expected_co2e_mg: one.expected_co2e_mg ?? null,
    expected_ms: one.expected_ms ?? null,
  };
}

function weighedOf({ weighed_usd_nanos, expected_usd_nanos }: RouteCandidateSeen): number {
  return weighed_usd_nanos ?? expected_usd_nanos;
}

/** Chance of a right answer less its price, in points of quality: 1 is all of it. */
function worthOf(chance: number, expected_usd_nanos: number, quality_usd: number): number {
  return Math.round((chance - expected_usd_nanos / NANOS_PER_USD / quality_usd) * 10_000) / 10_000;
}

function answerView({ model, out_tokens, length, choice }: RouteAnswered): object {
  return { model, out_tokens, longer_by: length, choice: choice ?? null };
}
