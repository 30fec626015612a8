import type { Learned } from '@atp-router/consensus';
import { tickOf } from '../fanout/learn/tick.ts';
import type { AdminParts } from './parts.ts';
import { type AdminReply, type AdminRequest, type AdminRoutes, ok } from './routes.ts';

/** `/reputation`: what is known of personas, agents and models that fan-outs asked. */
export function addReputation(routes: AdminRoutes, parts: AdminParts): void {
  routes.get('/reputation', ['cluster', 'source'], (request) => reputation(request, parts));
}

async function reputation({ query }: AdminRequest, { learning, engine }: AdminParts): Promise<AdminReply> {
  const { knowledge, keeper } = learning;
  const [cluster, source] = [query.text('cluster'), query.text('source')];
  // What others have written by now counts, too.
  await keeper.exchange();
  const tick = tickOf(engine.parts.ambient.clock.now_ms());
  const { sum } = knowledge;
  const all = [...sum.reputation.sources].sort();
  const sources = source === undefined ? all : all.filter((one) => one === source);
  const data = sources.map((one) => {
    const { is_known, worth_low, ...estimate } = knowledge.estimate(one, cluster, tick);
    const clusters = [...sum.reputation.clustersOf(one)].sort();
    return {
      source: one,
      cluster: cluster ?? null,
      known: is_known,
      ...rounded(estimate),
      worth: round(worth_low),
      clusters,
    };
  });
  const policies = [...sum.policies].sort().map((id) => policyOf(id, sum, sources, cluster));
  return ok({ data, policies });
}

function policyOf(id: string, sum: Learned, sources: readonly string[], cluster: string | undefined): object {
  const learned = sum.policy(id);
  const weights = sources.flatMap((source) =>
    learned?.knows(source) === true ? [{ source, weight: round(learned.weight(source, cluster)) }] : [],
  );
  const regret = [...(learned?.regret ?? [])].map(([strategy, { n, sum: total }]) => ({
    ...{ strategy, tasks: n, regret: round(total / n) },
  }));
  return { policy: id, weights, regret: regret.sort((a, b) => (a.strategy < b.strategy ? -1 : 1)) };
}

function rounded(of: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(of).map(([name, value]) => [name, round(value)]));
}

/** Three digits are as many as mean something. */
function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
