import { type Amounts, NOTHING } from '@atp-router/flow';
import { budgetDayOf, type CallEnded } from '@atp-router/ledger';
import { ROUTER_ACCOUNT } from '../../../src/generation/accounts.ts';
import { billedFor, exchangesOf, isComplete, micros } from './billing.ts';
import { isFanout } from './fanouts.ts';
import { brokenFanout, placesBeside, strangeSessions } from './invariants-of-fanouts.ts';
import { type ReadAnswer, readStream, readWhole } from './read-answer.ts';
import type { RequestPlan } from './scenario.ts';
import type { Submitted, World } from './world.ts';

/** What has to hold after every step of a history. Returns what does not. */
export function brokenNow(world: World): string[] {
  const { engine, ledger, time, upstreams } = world;
  const { breaches, health, shared } = world;
  const out = [...breaches, ...ledger.breaches, ...health.breaches, ...(shared?.breaches ?? [])];
  for (const { call_id, client } of world.submitted)
    out.push(...client.breaches.map((breach) => `${call_id}: ${breach}`));
  out.push(...ledger.differences(time.now_ms()));
  const of_calls = [...ledger.open.values()].filter((accounts) => accounts.includes(ROUTER_ACCOUNT)).length;
  if (of_calls > engine.in_flight) out.push(`${of_calls} reservations for ${engine.in_flight} calls`);
  const running = [...engine.calls()]
    .flatMap((call) => [...call.attempts])
    .filter((attempt) => attempt?.is_over === false);
  const sent = running.filter((attempt) => attempt.reached_upstream).length;
  if (upstreams.live !== sent) out.push(`${upstreams.live} exchanges are open for ${sent} attempts`);
  const asking = world.submitted.filter(({ plan, client }) => client.ending === undefined && mayAsk(plan)).length;
  if (engine.in_flight === 0 && world.timers.set > asking)
    out.push(`${world.timers.set} timers are set, no call is in flight and ${asking} wait for their key`);
  const due_ms = engine.gate.due_mono_ms;
  if (due_ms !== undefined && due_ms < time.mono_ms()) out.push(`somebody waits for a place since before ${due_ms} ms`);
  for (const account of ledger.ids()) {
    const [kind, key] = [account.slice(0, account.indexOf(':')), account.slice(account.indexOf(':') + 1)];
    if (kind !== 'provider' && kind !== 'deployment') continue;
    const places = engine.gate.load(account).in_flight;
    const attempts = running.filter(
      ({ spec }) => (kind === 'provider' ? spec.target.provider.id : spec.target.key) === key,
    ).length;
    // Who waits for the shared store has a place already.
    const most = attempts + (shared === undefined ? 0 : engine.in_flight + placesBeside(world));
    if (places < attempts || places > most)
      out.push(`${places} places of ${account} are taken by ${attempts} attempts`);
  }
  return out;
}

/** What has to hold when nothing is left to happen. */
export function brokenAtRest(world: World): string[] {
  const { engine, ledger, health, time, shared } = world;
  const out = brokenNow(world);
  const zero = (what: string, count: number): void => void (count === 0 || out.push(`${what}: ${count} at rest`));
  zero('calls in flight', engine.in_flight);
  zero('open reservations', ledger.open.size);
  zero('reservations in the shared store', shared?.open ?? 0);
  zero('permits that nobody gave back', health.permits_out);
  zero('timers', time.pending);
  for (const account of ledger.ids()) {
    const load = engine.gate.load(account);
    zero(`calls at ${account}`, load.in_flight);
    zero(`waiting at ${account}`, load.waiting);
  }
  for (const one of world.submitted) out.push(...brokenEnd(world, one));
  out.push(...brokenBooks(world), ...brokenAttempts(world), ...brokenRepeats(world), ...strangeSessions(world));
  return out;
}

/** One request and what became of it. */
function brokenEnd(world: World, { call_id, client, plan }: Submitted): string[] {
  const out: string[] = [];
  const say = (what: string): void => void out.push(`${call_id}: ${what}`);
  const opened = world.log.ofCall('call.opened', call_id);
  const ended = world.log.ofCall('call.ended', call_id);
  if (client.ending === undefined) say('never ended');
  if (opened.length > 1) say(`opened ${opened.length} times`);
  if (ended.length !== opened.length) say(`opened ${opened.length} times and ended ${ended.length} times`);
  const record = ended[0];
  if (record === undefined) return out;
  const written = world.log.isWritten(record);
  if (written && (record.outcome === 'ok') !== (client.ending !== 'fail')) {
    say(`recorded as ${record.outcome}, and its client got "${client.ending}"`);
  }
  if (record.outcome !== 'ok' && record.error !== client.error?.code) {
    say(`recorded with ${record.error}, told its client ${client.error?.code}`);
  }
  if (isFanout(plan)) out.push(...brokenFanout(world, client, record));
  else if (plan.endpoint !== 'embeddings') out.push(...brokenText(world, call_id, client, record));
  return out;
}

/** Each attempt that was promised ends once, with its call at the latest. */
function brokenAttempts({ log }: World): string[] {
  const promised = new Map<string, number[]>();
  const out: string[] = [];
  for (const event of log.events) {
    if (event.type === 'call.opened') promised.set(event.call_id, [event.attempt.n]);
    else if (event.type === 'attempt.started') promised.get(event.call_id)?.push(event.attempt.n);
    else if (event.type === 'call.ended') {
      const of_call = promised.get(event.call_id)?.sort((a, b) => a - b) ?? [];
      const ended = event.attempts.map(({ n }) => n).sort((a, b) => a - b);
      if (of_call.join() !== ended.join())
        out.push(`${event.call_id} promised attempts ${of_call.join()} and ended ${ended.join()}`);
    }
  }
  return out;
}

/** What the client read is what one upstream said, whole or the beginning of it, and never of two. */
function brokenText(world: World, call_id: string, client: Submitted['client'], record: CallEnded): string[] {
  const out: string[] = [];
  const say = (what: string): void => void out.push(`${call_id}: ${what}`);
  const served = exchangesOf(world, call_id);
  if (client.begun === undefined && client.ending === 'fail') return out;
  const read: ReadAnswer = client.ending === 'answer' ? readWhole(client.text) : readStream(client.text);
  const source = served.find((one) => one.script.full_text.startsWith(read.text) && one.text.startsWith(read.text));
  if (source === undefined) say(`its client read ${JSON.stringify(read.text)}, which no upstream said`);
  if (client.ending === 'fail') {
    if (read.proper_end) say('failed, and its client saw a proper end');
    return out;
  }
  if (!read.proper_end) say('ended well, and its client saw no proper end');
  if (read.error) say('ended well, and its client saw an error');
  const whole = served.some((one) => one.text === read.text && (isComplete(one) || one.state === 'cancelled'));
  if (!whole) say('ended well with a part of an answer');
  const cost = micros(record.cost_usd_nanos);
  const told = client.ending === 'answer' ? client.meta?.cost_usd_micros : read.cost_usd_micros;
  if (told !== cost) say(`cost ${cost} micro-dollars and told its client ${told}`);
  return out;
}

/** The books against the upstreams' own log. */
function brokenBooks(world: World): string[] {
  const out: string[] = [];
  const sums = new Map<string, Amounts>();
  for (const record of world.log.of('call.ended')) {
    let cost = 0;
    let tokens = 0;
    for (const served of exchangesOf(world, record.call_id)) {
      const billed = billedFor(world, served);
      cost += billed.usd_nanos;
      tokens += billed.tokens;
    }
    const recorded = record.usage.in_tokens + record.usage.out_tokens;
    if (record.cost_usd_nanos !== cost)
      out.push(`${record.call_id} is charged ${record.cost_usd_nanos}, its upstreams served ${cost}`);
    if (recorded !== tokens) out.push(`${record.call_id} has ${recorded} tokens, its upstreams served ${tokens}`);
    for (const name of [record.tenant, `${record.tenant} ${budgetDayOf(record)}`]) {
      const sum = sums.get(name) ?? NOTHING;
      sums.set(name, { calls: sum.calls + 1, tokens: sum.tokens + tokens, usd_nanos: sum.usd_nanos + cost });
    }
    const shared = world.shared?.settled.get(record.call_id);
    const shared_day = world.shared?.days.get(record.call_id);
    if (shared_day !== undefined && shared_day !== budgetDayOf(record))
      out.push(`${record.call_id} is charged to ${budgetDayOf(record)}, in the shared store to ${shared_day}`);
    if (shared !== undefined && shared.usd_nanos !== cost)
      out.push(`${record.call_id} settled ${shared.usd_nanos} in the shared store, not ${cost}`);
  }
  for (const account of world.ledger.ids()) {
    if (!account.startsWith('tenant:')) continue;
    const tenant = account.slice('tenant:'.length);
    const settled = world.ledger.snapshot(account, world.time.now_ms())?.settled;
    const sum = sums.get(tenant) ?? NOTHING;
    if (JSON.stringify(settled) !== JSON.stringify(sum)) {
      out.push(`${account} settled ${JSON.stringify(settled)}, its records say ${JSON.stringify(sum)}`);
    }
    for (const day of world.days()) {
      const used = world.ledger.snapshot(account, Date.parse(day))?.used;
      const of_day = sums.get(`${tenant} ${day}`) ?? NOTHING;
      if (JSON.stringify(used) !== JSON.stringify(of_day)) {
        out.push(`${account} used ${JSON.stringify(used)} on ${day}, its records say ${JSON.stringify(of_day)}`);
      }
    }
  }
  return out;
}

/** Under one key, one call is billed, and all who succeed get the same bytes. */
function brokenRepeats(world: World): string[] {
  const out: string[] = [];
  const groups = new Map<string, Submitted[]>();
  for (const one of world.submitted) {
    if (one.plan.idempotency_key === undefined) continue;
    const { tenant, endpoint, idempotency_key } = one.plan;
    const name = `${tenant} ${endpoint} ${idempotency_key}`;
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  for (const [name, members] of groups) {
    const ids = new Set(members.map((one) => one.call_id));
    const billed = world.log.of('call.ended').filter((event) => ids.has(event.call_id) && event.cost_usd_nanos > 0);
    if (billed.length > 1) out.push(`key ${name} billed ${billed.length} calls`);
    const well = members.filter((one) => one.client.ending !== undefined && one.client.ending !== 'fail');
    if (new Set(well.map((one) => one.client.text)).size > 1) out.push(`key ${name} gave different answers`);
    if (new Set(well.map((one) => one.body)).size > 1) out.push(`key ${name} answered different requests`);
  }
  return out;
}

/** With a deadline of its own, a request may wait for its idempotency key before it is a call. */
function mayAsk(plan: RequestPlan): boolean {
  return plan.idempotency_key !== undefined && plan.deadline_ms !== undefined;
}
