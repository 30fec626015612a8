import type { CallEnded, ConsensusEnded } from '@atp-router/ledger';
import { exchangesOf, micros } from './billing.ts';
import type { FakeClient } from './fake-client.ts';
import { isFanout } from './fanouts.ts';
import { type ReadAnswer, readStream, readWhole } from './read-answer.ts';
import type { World } from './world.ts';

/** Places that lanes of fan-outs may have beside the one of their call, while they wait for the shared store. */
export function placesBeside({ engine }: World): number {
  let most = 0;
  for (const { call } of engine.calls()) {
    const { fanout } = call;
    // Each answer may have somebody who judges it.
    if (fanout !== undefined) most += 2 * fanout.plan.members.length + fanout.plan.escalations.length + 2;
  }
  return most;
}

/** One call that several agents were asked, and what became of its session. */
export function brokenFanout(world: World, client: FakeClient, record: CallEnded): string[] {
  const { call_id } = record;
  const sessions = world.log.of('consensus.ended').filter((event) => event.call_id === call_id);
  const [session] = sessions;
  if (session === undefined || sessions.length > 1) return [`${call_id}: its session ended ${sessions.length} times`];
  const out = [...brokenSession(session, record), ...brokenAnswer(world, client, record, session)];
  return out.map((what) => `${call_id}: ${what}`);
}

/** Records of sessions of calls that were none. */
export function strangeSessions(world: World): string[] {
  const fanouts = new Set(world.submitted.filter(({ plan }) => isFanout(plan)).map(({ call_id }) => call_id));
  return world.log
    .of('consensus.ended')
    .flatMap(({ call_id }) => (fanouts.has(call_id) ? [] : [`${call_id} is no fan-out`]));
}

function brokenSession(session: ConsensusEnded, record: CallEnded): string[] {
  const out: string[] = [];
  if (session.outcome !== record.outcome) out.push(`ended as ${record.outcome}, its session as ${session.outcome}`);
  const tokens = record.usage.in_tokens + record.usage.out_tokens;
  if (session.tokens !== tokens) out.push(`used ${tokens} tokens, its lanes ${session.tokens}`);
  if (session.cost_usd_nanos !== record.cost_usd_nanos)
    out.push(`cost ${record.cost_usd_nanos}, its lanes ${session.cost_usd_nanos}`);
  const open = session.lanes.filter(({ state }) => state === 'admitted' || state === 'streaming' || state === 'paused');
  if (record.outcome === 'ok' && open.length > 0)
    out.push(`ended well with lanes ${open.map(({ lane, state }) => `${lane} ${state}`).join(', ')}`);
  const attempts = session.lanes.reduce((sum, lane) => sum + lane.attempts, 0);
  const beside = session.follow_ups.filter(({ tokens: used }) => used > 0).length;
  if (attempts + beside > record.attempts.length)
    out.push(`has ${record.attempts.length} attempts, its lanes ${attempts} and ${beside} beside`);
  return out;
}

/** What its client read: a whole answer, and where it is one lane's, then word for word. */
function brokenAnswer(world: World, client: FakeClient, record: CallEnded, session: ConsensusEnded): string[] {
  const out: string[] = [];
  if (client.begun === undefined && client.ending === 'fail') return out;
  const read: ReadAnswer = client.ending === 'answer' ? readWhole(client.text) : readStream(client.text);
  if (client.ending === 'fail') return read.proper_end ? ['failed, and its client saw a proper end'] : [];
  if (!read.proper_end) out.push('ended well, and its client saw no proper end');
  if (read.error) out.push('ended well, and its client saw an error');
  const cost = micros(record.cost_usd_nanos);
  const told = client.ending === 'answer' ? client.meta?.cost_usd_micros : read.cost_usd_micros;
  if (told !== cost) out.push(`cost ${cost} micro-dollars and told its client ${told}`);
  if (session.chosen_lane === undefined) return out;
  const said = exchangesOf(world, record.call_id).some(({ script }) => script.full_text.startsWith(read.text));
  if (!said) out.push(`its client read ${JSON.stringify(read.text)}, which nobody said`);
  return out;
}
