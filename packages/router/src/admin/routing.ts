import { AtpError, nanosToMicros } from '@atp-router/kernel';
import type { RouteAnswered, RouteDecided } from '@atp-router/ledger';
import type { AdminParts } from './parts.ts';
import { type AdminReply, type AdminRequest, type AdminRoutes, notFound, ok } from './routes.ts';

/** `/routing`: how `auto` chooses. */
export function addRouting(routes: AdminRoutes, parts: AdminParts): void {
  routes.get('/routing/explain', ['request_id'], (request) => explain(request, parts));
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

/** Money in micro-dollars, null for what there is none of. */
function viewOf({ type: _, lesson, candidates, cost_usd_nanos, quality_usd, ...rest }: RouteDecided): object {
  const { topic, answers, taken } = lesson;
  return {
    ...{ policy: null, task_type: null },
    ...rest,
    quality_usd,
    cluster: topic ?? null,
    candidates: candidates.map(({ expected_usd_nanos, ...one }) => ({
      ...one,
      expected_usd_micros: nanosToMicros(expected_usd_nanos),
      worth: worthOf(one.chance, expected_usd_nanos, quality_usd),
    })),
    answers: answers.map(answerView),
    taken: taken ?? null,
    cost_usd_micros: nanosToMicros(cost_usd_nanos),
  };
}

/** Chance of a right answer less its price, in points of quality: 1 is all of it. */
function worthOf(chance: number, expected_usd_nanos: number, quality_usd: number): number {
  return Math.round((chance - expected_usd_nanos / 1e9 / quality_usd) * 10_000) / 10_000;
}

function answerView({ model, out_tokens, length, choice }: RouteAnswered): object {
  return { model, out_tokens, longer_by: length, choice: choice ?? null };
}
