import { AtpError } from '@atp-router/kernel';
import { observationKpis, promotionCycles, type Queued, subjectOf } from '@atp-router/routing';
import { LifecycleDesk } from '../lifecycle/desk.ts';
import type { Erasure } from '../observations/erase.ts';
import type { FoundCall } from '../observations/desk.ts';
import type { Changes } from './changes.ts';
import { ASKED, everywhereOrNowhere } from './everywhere.ts';
import { badField, Fields, needed } from './fields.ts';
import { pageLimit } from './page.ts';
import type { AdminParts } from './parts.ts';
import { type AdminReply, type AdminRequest, type AdminRoutes, notFound, ok, param } from './routes.ts';

const ID_CHARS_MAX = 128;
const QUEUE_DEFAULT = 20;
const QUEUE_MAX = 1_000;
/** Words from which a topic counts as covered. */
const LABELS_MIN = 5;
const LABELS_MIN_MAX = 10_000;

/** `/observations`: what was kept of calls, to be looked into, labelled, taken out and erased. */
export function addObservations(routes: AdminRoutes, parts: AdminParts, changes: Changes): void {
  const { observations, manager, engine } = parts;
  const lifecycle = new LifecycleDesk({ manager, changes, clock: engine.parts.ambient.clock });
  const { desk } = observations;
  routes.get('/observations', ['tenant', 'topic', 'words', 'closed', 'limit', 'cursor'], (request) =>
    list(request, parts),
  );
  routes.get('/observations/segments', [], async () => ok({ data: (await desk.segments()).map(segmentView) }));
  routes.get('/observations/queue', ['tenant', 'topic', 'limit'], async ({ query }) => {
    const filter = { tenant: query.text('tenant'), subject: query.text('topic') };
    const queue = await desk.queue(filter, query.int('limit', 1, QUEUE_MAX, QUEUE_DEFAULT));
    return ok({ data: queue.map(queuedView) });
  });
  routes.get('/observations/kpis', ['labels_min'], ({ query }) =>
    kpis(query.int('labels_min', 1, LABELS_MIN_MAX, LABELS_MIN), parts, lifecycle),
  );
  routes.action('/observations/close', async () => ok({ processes: await closed(parts) }));
  routes.post('/observations/erase', (request) => erased(request, parts));
  routes.post('/observations/label', (request) => labelled(request, parts));
  routes.get('/observations/:id', [], async (request) => {
    const found = await desk.find(param(request));
    if (found === undefined) throw notFound(`observation "${param(request).slice(0, ID_CHARS_MAX)}"`);
    return ok(callView(found, true));
  });
  observations.onSweep(() => show(parts, lifecycle));
}

async function list({ query }: AdminRequest, { observations }: AdminParts): Promise<AdminReply> {
  const filter = { tenant: query.text('tenant'), subject: query.text('topic') };
  const words = query.oneOf('words', ['true', 'false']) === 'true';
  const closed_only = query.oneOf('closed', ['true', 'false']) === 'true';
  const { found, next } = await observations.desk.page(filter, pageLimit(query), query.text('cursor'), closed_only);
  return ok({ data: found.map((one) => callView(one, words)), next_cursor: next ?? null });
}

/** Names of the processes that have closed their files. All or none: a file that is written to cannot be written anew. */
function closed({ observations, others }: AdminParts): Promise<readonly string[]> {
  const own = (): Promise<string> => observations.closeFile().then(() => observations.node);
  return everywhereOrNowhere(others, ASKED.close_observations, own, null);
}

async function erased({ body }: AdminRequest, parts: AdminParts): Promise<AdminReply> {
  const fields = new Fields(body, ['tenant', 'request_id']);
  const [tenant, request_id] = [fields.text('tenant', ID_CHARS_MAX), fields.text('request_id', ID_CHARS_MAX)];
  if ((tenant === undefined) === (request_id === undefined)) {
    throw new AtpError('invalid_request', 'Say either "tenant" or "request_id".', { param: 'tenant' });
  }
  const what: Erasure = tenant === undefined ? { request_id: needed(request_id, 'request_id') } : { tenant };
  return ok(await parts.observations.desk.erase(what, new Set(await closed(parts))));
}

/** Teaches as `POST /v1/feedback` does, for as long as that takes words; the observation has it in any case. */
async function labelled({ body, by }: AdminRequest, parts: AdminParts): Promise<AdminReply> {
  const fields = new Fields(body, ['request_id', 'score']);
  const request_id = needed(fields.text('request_id', ID_CHARS_MAX), 'request_id');
  const score = body['score'];
  if (typeof score !== 'number' || !(score >= 0 && score <= 1)) throw badField('score', 'a number from 0 to 1');
  const { desk, recorder } = parts.observations;
  const { tenant, id } = await desk.rowOf(request_id);
  const given = { call_id: request_id, tenant, key_id: `@admin/${by}`, input: { kind: 'score', score } } as const;
  const is_learned = await parts.learning.feedback.give(given).then(
    () => true,
    (error: unknown) => {
      if (error instanceof AtpError && error.code === 'not_found') return false;
      throw error;
    },
  );
  // What teaches is an event, which the recorder hears of itself.
  if (!is_learned) recorder.word({ tenant, request_id, score, at_ms: parts.engine.parts.ambient.clock.now_ms() });
  await parts.observations.written();
  return ok({ id, request_id, score, is_learned });
}

async function kpis(labels_min: number, parts: AdminParts, lifecycle: LifecycleDesk): Promise<AdminReply> {
  const found = observationKpis(await parts.observations.desk.rows(), labels_min);
  const { covered_topics, covered_traffic, ...rest } = found;
  await show(parts, lifecycle);
  return ok({
    ...rest,
    topics: rest.topics.map(({ subject, ...counts }) => ({ topic: subject, ...counts })),
    covered_topics: covered_topics ?? null,
    covered_traffic: covered_traffic ?? null,
    promotions: promotions(lifecycle).map(({ model, cycle_ms }) => ({ model, cycle_s: cycle_ms / 1_000 })),
  });
}

interface Promotion {
  readonly model: string;
  readonly cycle_ms: number;
  readonly at_ms: number;
}

/** In the order in which models became active. */
function promotions(lifecycle: LifecycleDesk): readonly Promotion[] {
  return lifecycle
    .all()
    .flatMap(({ id, papers }) => {
      const steps = [
        ...papers.custody.flatMap(({ step, at_ms }) =>
          step === 'deploy' ? [{ kind: 'registered' as const, at_ms }] : [],
        ),
        ...papers.moves.flatMap(({ to, at_ms }) => (to === 'active' ? [{ kind: 'active' as const, at_ms }] : [])),
      ].sort((a, b) => a.at_ms - b.at_ms);
      return promotionCycles(steps).map(({ cycle_ms, at_ms }) => ({ model: id, cycle_ms, at_ms }));
    })
    .sort((a, b) => a.at_ms - b.at_ms);
}

/** For the gauges. */
async function show({ observations, metrics }: AdminParts, lifecycle: LifecycleDesk): Promise<void> {
  const segments = await observations.desk.segments();
  const {
    topics,
    covered_topics,
    covered_traffic,
    observations: count,
  } = observationKpis(await observations.desk.rows(), LABELS_MIN);
  const last = promotions(lifecycle).at(-1);
  metrics.observations.show({
    bytes: segments.reduce((sum, { file }) => sum + file.bytes, 0),
    ...{ segments: segments.length, observations: count, topics, covered_topics, covered_traffic },
    promotion_cycle_s: last && last.cycle_ms / 1_000,
  });
}

function segmentView(segment: Awaited<ReturnType<AdminParts['observations']['desk']['segments']>>[number]): object {
  const { file, sha256, is_torn, refused, rows, words } = segment;
  const { name, from_ms, is_open, bytes } = file;
  return { name, from_ms, is_open, bytes, sha256, observations: rows.length, words: words.length, refused, is_torn };
}

function callView({ observation, score }: FoundCall, words: boolean): object {
  const { v: _, kind: __, prompt, answer, topic: ___, lineage: ____, ...rest } = observation;
  const { task_type, chance, spread, ...known } = rest;
  return {
    ...known,
    topic: subjectOf(observation),
    ...{ task_type: task_type ?? null, chance: chance ?? null, spread: spread ?? null, score: score ?? null },
    ...(words && { prompt, answer }),
  };
}

function queuedView({ row, uncertainty, coverage, priority }: Queued): object {
  const { id, request_id, tenant, model, subject, at_ms, chance, spread } = row;
  const short = (value: number): number => Math.round(value * 10_000) / 10_000;
  return {
    ...{ id, request_id, tenant, model, topic: subject, at_ms, chance: chance ?? null, spread: spread ?? null },
    ...{ uncertainty: short(uncertainty), coverage: short(coverage), priority: short(priority) },
  };
}
