import {
  type ClaimedFeedback,
  DRIFTS_MAX,
  FEEDBACK_CLAIM_MS,
  type FeedbackClaim,
  LEARNED_SESSION_MS,
  LEARNED_SESSIONS_MAX,
  type LearnedEvent,
  type LearnedPlace,
  type LearnedRow,
  type LearnedState,
  type LearnedStore,
  type RouteDecided,
  type RouteDrifted,
  type RouteFeedback,
  WORDS_MAX,
} from '@atp-router/ledger';
import type { SqlDriver, SqlRow } from '../driver.ts';

/** Origins that are read at once: more than are kept. */
const STATES_MAX = 128;
/** Choices that are read at once: a few megabytes. */
const ROUTES_MAX = 10_000;
/** Events in one page. */
const PAGE_MAX = 1_000;

/** Over the tables of a database that several nodes may share; `node_id` is whose state it writes. */
export function sqlLearnedStore(driver: SqlDriver, node_id: string): LearnedStore {
  return {
    session: (call_id) => ofCall(driver, 'consensus.learned', call_id),
    route: (call_id) => ofCall(driver, 'route.decided', call_id),
    async routes(limit) {
      const sql = `SELECT event FROM learnings WHERE type IN ('route.decided', 'route.feedback')
         ORDER BY at_ms DESC, node_id, epoch DESC, seq DESC LIMIT ${Math.min(limit, ROUTES_MAX)}`;
      const rows = await driver.query(sql, []);
      return rows.map((row) => JSON.parse(String(row['event'])) as RouteDecided | RouteFeedback);
    },
    async words(call_id) {
      const sql = `SELECT event FROM learnings WHERE call_id = $1 AND type = 'route.feedback'
         ORDER BY at_ms, node_id, epoch, seq LIMIT ${WORDS_MAX}`;
      const rows = await driver.query(sql, [call_id]);
      return rows.map((row) => JSON.parse(String(row['event'])) as RouteFeedback);
    },
    async drifts(model, from_ms) {
      const sql = `SELECT event FROM learnings WHERE type = 'route.drifted' AND at_ms >= $1
         ORDER BY at_ms DESC, node_id, epoch DESC, seq DESC LIMIT ${DRIFTS_MAX}`;
      const rows = await driver.query(sql, [from_ms]);
      const found = rows.map((row) => JSON.parse(String(row['event'])) as RouteDrifted);
      return found.filter((one) => one.model === model);
    },
    async own() {
      const [row] = await driver.query('SELECT * FROM learned_states WHERE node_id = $1', [node_id]);
      return row && stateOf(row);
    },
    others: (known) => others(driver, node_id, known),
    async after({ epoch, seq }, limit) {
      const rows = await driver.query(
        `SELECT epoch, seq, event FROM learnings WHERE node_id = $1 AND (epoch, seq) > ($2, $3)
         ORDER BY epoch, seq LIMIT ${Math.min(limit, PAGE_MAX)}`,
        [node_id, epoch, seq],
      );
      return rows.map((row) => ({ ...placeOf(row), event: JSON.parse(String(row['event'])) as LearnedRow['event'] }));
    },
    put: (state, now_ms) => put(driver, { ...state, node_id }, now_ms),
    claim: (feedback) => claim(driver, node_id, feedback),
  };
}

async function ofCall<T extends LearnedEvent['type']>(
  driver: SqlDriver,
  type: T,
  call_id: string,
): Promise<Extract<LearnedEvent, { type: T }> | undefined> {
  const sql = 'SELECT event FROM learnings WHERE call_id = $1 AND type = $2 LIMIT 1';
  const [row] = await driver.query(sql, [call_id, type]);
  return row && (JSON.parse(String(row['event'])) as Extract<LearnedEvent, { type: T }>);
}

async function others(
  driver: SqlDriver,
  node_id: string,
  known: Parameters<LearnedStore['others']>[0],
): Promise<readonly LearnedState[]> {
  const seen = new Map(known.map((one) => [one.node_id, one]));
  // The newest first: of more than are read those are left out that have been silent for longest.
  const sql = `SELECT node_id, epoch, seq FROM learned_states WHERE node_id <> $1 ORDER BY written_ms DESC, node_id LIMIT ${STATES_MAX}`;
  const heads = await driver.query(sql, [node_id]);
  const states: LearnedState[] = [];
  for (const head of heads) {
    const id = String(head['node_id']);
    const { epoch, seq } = placeOf(head);
    const last = seen.get(id);
    if (last?.epoch === epoch && last.seq === seq) continue;
    const [row] = await driver.query('SELECT * FROM learned_states WHERE node_id = $1', [id]);
    if (row !== undefined) states.push(stateOf(row));
  }
  return states;
}

async function put(driver: SqlDriver, { node_id, epoch, seq, record }: LearnedState, now_ms: number): Promise<void> {
  await driver.query(
    `INSERT INTO learned_states (node_id, epoch, seq, written_ms, record) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (node_id) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq, written_ms = excluded.written_ms,
     record = excluded.record WHERE (excluded.epoch, excluded.seq) > (learned_states.epoch, learned_states.seq)`,
    [node_id, epoch, seq, now_ms, record],
  );
  await forget(driver, node_id, { epoch, seq }, now_ms);
}

/** What is in the state is needed for late feedback alone. */
async function forget(driver: SqlDriver, node_id: string, upto: LearnedPlace, now_ms: number): Promise<void> {
  const within = 'node_id = $1 AND (epoch, seq) <= ($2, $3)';
  const place = [node_id, upto.epoch, upto.seq];
  const [oldest] = await driver.query(
    `SELECT epoch, seq FROM learnings WHERE ${within} ORDER BY epoch DESC, seq DESC LIMIT 1 OFFSET ${LEARNED_SESSIONS_MAX}`,
    place,
  );
  if (oldest !== undefined) {
    const { epoch, seq } = placeOf(oldest);
    // Changes of models are few, and looked at for a day.
    const sql = `DELETE FROM learnings WHERE ${within} AND (epoch, seq) <= ($4, $5) AND type <> 'route.drifted'`;
    await driver.query(sql, [...place, epoch, seq]);
  }
  await driver.query(`DELETE FROM learnings WHERE ${within} AND at_ms < $4`, [...place, now_ms - LEARNED_SESSION_MS]);
  // Its session has gone by then, so it cannot be given again.
  await driver.query('DELETE FROM feedback WHERE node_id = $1 AND claimed_ms < $2', [
    node_id,
    now_ms - 2 * LEARNED_SESSION_MS,
  ]);
}

async function claim(
  driver: SqlDriver,
  node_id: string,
  { call_id, key_id, body_hash, now_ms }: FeedbackClaim,
): Promise<ClaimedFeedback> {
  const taken = await driver.query(
    `INSERT INTO feedback (call_id, key_id, body_hash, state, claimed_ms, node_id) VALUES ($1, $2, $3, 'claimed', $4, $5)
     ON CONFLICT (call_id, key_id) DO UPDATE SET body_hash = excluded.body_hash, claimed_ms = excluded.claimed_ms,
     node_id = excluded.node_id WHERE feedback.state = 'claimed' AND feedback.claimed_ms < $6 RETURNING call_id`,
    [call_id, key_id, body_hash, now_ms, node_id, now_ms - FEEDBACK_CLAIM_MS],
  );
  if (taken.length > 0) return 'mine';
  const sql = 'SELECT body_hash, state FROM feedback WHERE call_id = $1 AND key_id = $2';
  const [row] = await driver.query(sql, [call_id, key_id]);
  if (row?.['state'] !== 'given') return 'pending';
  return row['body_hash'] === body_hash ? 'given' : 'other';
}

function placeOf(row: SqlRow): LearnedPlace {
  return { epoch: Number(row['epoch']), seq: Number(row['seq']) };
}

function stateOf(row: SqlRow): LearnedState {
  return { node_id: String(row['node_id']), ...placeOf(row), record: String(row['record']) };
}
