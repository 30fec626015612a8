import { AtpError } from '@atp-router/kernel';
import { MANIFEST_BYTES_MAX, type ModelStatus, readManifest } from '@atp-router/routing';
import { LifecycleDesk, type OnFile } from '../lifecycle/desk.ts';
import { lackingWords } from '../lifecycle/lacking.ts';
import { startReviews } from '../lifecycle/reviews.ts';
import { review, type Reviewed, reviewed, type ReviewParts } from '../lifecycle/review.ts';
import type { Changes } from './changes.ts';
import { Fields, needed } from './fields.ts';
import { page, PAGE_QUERY } from './page.ts';
import type { AdminParts } from './parts.ts';
import { type AdminReply, type AdminRequest, type AdminRoutes, ok, param } from './routes.ts';

const NOTE_CHARS_MAX = 1_024;
const STATUSES: readonly ModelStatus[] = ['active', 'fallback', 'deprecated'];

/** `/lifecycle`: the statuses of models, their papers, and what the rules would do. */
export function addLifecycle(routes: AdminRoutes, parts: AdminParts, changes: Changes): void {
  const { manager, ledger, engine } = parts;
  const { clock, timers } = engine.parts.ambient;
  const desk = new LifecycleDesk({ manager, changes, clock });
  const of_review = {
    desk,
    shadows: ledger.shadows,
    learned: ledger.learned,
    config: () => manager.config,
    now_ms: () => clock.now_ms(),
  };
  const { onFault } = engine.parts;
  startReviews({ ...of_review, timers, isEnding: () => engine.is_draining, onFault: (thrown) => onFault(thrown) });
  routes.get('/lifecycle', PAGE_QUERY, (request) => list(request, of_review));
  routes.get('/lifecycle/:id', [], async (request) => ok(await whole(desk.find(param(request)), of_review)));
  routes.post('/lifecycle/:id/move', (request) => shown(move(request, desk), of_review));
  routes.post('/lifecycle/:id/rollback', (request) =>
    shown(desk.rollback(param(request), act(request, [])), of_review),
  );
  routes.put('/lifecycle/:id/manifest', (request) => shown(deploy(request, desk), of_review));
  routes.post('/lifecycle/:id/custody', (request) => shown(record(request, desk), of_review));
  routes.post('/lifecycle/:id/incident', (request) =>
    shown(desk.incident(param(request), act(request, [])), of_review),
  );
  routes.action('/lifecycle-review', async () => {
    const moved = await review(of_review);
    return ok({ data: moved.map((one) => ({ id: one.found.id, verdict: one.verdict })) });
  });
}

async function shown(done: Promise<OnFile>, parts: ReviewParts): Promise<AdminReply> {
  return ok(await whole(await done, parts));
}

async function list({ query }: AdminRequest, parts: ReviewParts): Promise<AdminReply> {
  const { rows, next_cursor } = page(query, parts.desk.all(), ({ id }) => id);
  const data: object[] = [];
  for (const found of rows) data.push(viewOf(await reviewed(found, parts)));
  return ok({ data, next_cursor });
}

function move(request: AdminRequest, desk: LifecycleDesk): Promise<OnFile> {
  const fields = new Fields(request.body, ['to', 'cause', 'note']);
  const to = needed(fields.oneOf('to', STATUSES), 'to');
  const cause = fields.oneOf('cause', ['operator', 'safety_incident'] as const) ?? 'operator';
  return desk.move(param(request), to, act(request, ['to', 'cause']), { cause, numbers: {} });
}

function deploy(request: AdminRequest, desk: LifecycleDesk): Promise<OnFile> {
  const { body } = request;
  if (Buffer.byteLength(JSON.stringify(body)) > MANIFEST_BYTES_MAX) {
    const message = `The manifest is larger than ${MANIFEST_BYTES_MAX} bytes. Leave out what is no fact of the model.`;
    throw new AtpError('invalid_request', message, { param: 'manifest' });
  }
  const read = readManifest(body);
  if (read.ok) return desk.deploy(param(request), read.file, { by: request.by, note: '' });
  throw new AtpError('invalid_request', `This is no manifest: ${read.complaints.join('. ')}.`, { param: 'manifest' });
}

function record(request: AdminRequest, desk: LifecycleDesk): Promise<OnFile> {
  const fields = new Fields(request.body, ['step', 'manifest_hash', 'note']);
  const step = needed(fields.oneOf('step', ['build', 'scan'] as const), 'step');
  const hash = fields.text('manifest_hash', 64);
  if (hash !== undefined && !/^[0-9a-f]{64}$/.test(hash)) {
    const message = 'The field "manifest_hash" must be 64 lower-case hex digits, as `atp models verify` prints them.';
    throw new AtpError('invalid_request', message, { param: 'manifest_hash' });
  }
  return desk.record(param(request), step, hash, act(request, ['step', 'manifest_hash']));
}

function act({ body, by }: AdminRequest, others: readonly string[]): { readonly by: string; readonly note: string } {
  return { by, note: new Fields(body, [...others, 'note']).text('note', NOTE_CHARS_MAX) ?? '' };
}

function viewOf({ found, verdict, evidence, experiments }: Reviewed): object {
  const { id, status, configured, papers, state } = found;
  const last = papers.holding.at(-1);
  return {
    ...{ id, status, configured_status: configured },
    since_ms: last?.at_ms ?? null,
    cause: last?.cause ?? null,
    by: last?.by ?? null,
    manifest: { state: state.kind, hash: state.kind === 'none' ? null : state.hash, words: lackingWords(state) },
    incidents: papers.incidents.length,
    verdict,
    evidence: evidence === undefined ? null : { ...evidence, cost_ratio: evidence.cost_ratio ?? null },
    experiments,
  };
}

/** With its history. */
async function whole(found: OnFile, parts: ReviewParts): Promise<object> {
  const { moves, custody, incidents, manifest } = found.papers;
  const steps = custody.map(({ manifest_hash, ...one }) => ({ manifest_hash: manifest_hash ?? null, ...one }));
  const view = viewOf(await reviewed(found, parts));
  return { ...view, moves, custody: steps, incident_log: incidents, document: manifest ?? null };
}
