import { errorPayload } from '@atp-router/wire';
import { Draw } from '@atp-router/kernel/testing';
import { seedFor } from './seed-for.ts';
import { intrude } from './intrude.ts';
import { otherSide, SIDES, type Side } from './network.ts';
import { HEALED, type Plan, type PlannedEvent } from './plan.ts';
import { World, type WorldOptions } from './world.ts';

export interface HistoryResult {
  readonly world: World;
  /** What did not hold; empty when all is well. */
  readonly problems: readonly string[];
}

/** No history needs as many moments; one that does has something that wakes itself. */
const STEPS_MAX = 400_000;
/** From the end of the work until both ends are closed: resend lifetime, lost connections, and an idle session's end. */
const SETTLE_MS = 240_000;
const IDLE_MS = 400_000;

/** Plays a history to its end and says what did not hold. Equal plans play equally. */
export function playPlan(plan: Plan, options: WorldOptions): HistoryResult {
  const world = new World(plan, options);
  world.start('client');
  world.shell.dialSoon();
  for (const event of plan.events) world.time.at(event.at_ms, () => perform(world, event));
  if (plan.ending !== 'part') world.time.at(plan.heal_ms, () => heal(world));
  else world.time.at(plan.heal_ms, () => world.network.partition(true));
  const last_ms = Math.max(
    plan.heal_ms,
    plan.events.at(-1)?.at_ms ?? 0,
    ...SIDES.map((side) => plan.setting.ends[side].consumes_from_ms),
  );
  world.time.at(last_ms + 1, () => end(world));
  const limit_ms = last_ms + SETTLE_MS + (plan.ending === 'idle' ? IDLE_MS : 0);
  for (let steps = 0; world.watch.problems.length === 0; steps += 1) {
    const next_ms = world.time.next_ms;
    if (next_ms === undefined) break;
    if (next_ms > limit_ms) {
      if (!world.over) atLimit(world);
      break;
    }
    if (steps > STEPS_MAX) world.watch.broken('the history does not come to rest');
    else step(world);
  }
  if (world.watch.problems.length === 0) atRest(world);
  return { world, problems: world.watch.problems };
}

/** What is thrown out of a session would end its process. */
function step(world: World): void {
  try {
    world.time.step();
  } catch (error) {
    world.watch.broken(`thrown: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
}

function atLimit(world: World): void {
  for (const side of SIDES) {
    const { state, app, machine, agreed } = world.ends[side];
    if (state === 'closed' || state === 'dead' || state === 'new') continue;
    // A client that never got a connection has no session that could end.
    if (side === 'client' && agreed === undefined && world.plan.ending === 'part') continue;
    const says = app.waiting.length === 0 ? '' : `, with ${app.waiting.join(', ')} to say`;
    world.watch.broken(
      `${side} does not come to its end: ${state}, ${world.watch.messages.open[side]} messages not settled${says}, holds ${JSON.stringify(machine?.held())}`,
    );
  }
}

/** After the end nothing is left: no memory, no timer, nothing in a store. */
function atRest(world: World): void {
  world.watch.judge();
  for (const side of SIDES) {
    const { state, machine, store } = world.ends[side];
    if (state !== 'closed') continue;
    const held = machine?.held();
    // Nonces are the last to go: with the session itself.
    if (held !== undefined && Object.entries(held).some(([what, count]) => what !== 'nonces' && count > 0))
      world.watch.broken(`${side} is closed and holds ${JSON.stringify(held)}`);
    if (machine?.deadline_ms !== undefined) world.watch.broken(`${side} is closed and wants to be woken`);
    if (store !== undefined && store.size > 0)
      world.watch.broken(`${side} is closed, and its store keeps ${store.size} things`);
  }
}

function heal(world: World): void {
  world.watch.note('healed');
  world.healed_ms = world.time.now_ms;
  world.network.partition(false);
  for (const side of SIDES) world.network.setWeather(side, HEALED);
  for (const side of SIDES) world.ease(side);
}

/** All is said; the history goes to its end. */
function end(world: World): void {
  world.watch.note(`ending: ${world.plan.ending}`);
  for (const side of SIDES) world.ends[side].app.finAll();
  for (const side of SIDES) world.ends[side].speak();
  if (world.plan.ending === 'abort') {
    const side = new Draw(seedFor(world.plan.seed, 'abort')).one<Side>('client', 'server');
    world.time.after(1_000, () => abortWhenUp(world, side));
  }
  if (world.plan.ending === 'finish') for (const side of SIDES) finishWhenDone(world, side);
}

const ASK_AGAIN_MS = 500;

function abortWhenUp(world: World, side: Side): void {
  const error = errorPayload('EDRAINING', { reason: 'The history ends.' });
  const end = world.ends[side];
  if (end.state === 'up') end.feed({ type: 'reset', stream_id: '0', error });
  else if (end.state === 'down' || (end.state === 'new' && !world.over))
    world.time.after(ASK_AGAIN_MS, () => abortWhenUp(world, side));
}

function finishWhenDone(world: World, side: Side): void {
  const { app, state } = world.ends[side];
  if (state === 'closed' || state === 'dead') return;
  const done = state === 'up' && app.done(world.ends[otherSide(side)].app);
  if (done) world.ends[side].feed({ type: 'finish' });
  else world.time.after(ASK_AGAIN_MS, () => finishWhenDone(world, side));
}

function perform(world: World, event: PlannedEvent): void {
  switch (event.do) {
    case 'say':
      world.ends[event.side].app.say(event);
      world.ends[event.side].speak();
      break;
    case 'fin':
      world.ends[event.side].app.fin(event.stream);
      world.ends[event.side].speak();
      break;
    case 'reset':
      reset(world, event.side, event.stream, event.code);
      break;
    case 'status':
      world.ends[event.side].feed({ type: 'status', status: event.status });
      break;
    case 'clock':
      world.watch.note(`the wall clock of ${event.side} is set by ${event.by_ms} ms`);
      world.ends[event.side].clock.set(event.by_ms);
      break;
    case 'window':
      world.ends[event.side].feed({ type: 'window', window: event.window });
      break;
    case 'crowded':
      world.ends[event.side].feed({ type: 'crowded', crowded: true });
      world.time.after(event.for_ms, () => world.ends[event.side].feed({ type: 'crowded', crowded: false }));
      break;
    default:
      trouble(world, event);
  }
}

function reset(world: World, side: Side, stream: number, code: string): void {
  const end = world.ends[side];
  const stream_id = end.app.streamId(stream);
  if (stream_id === undefined || end.state !== 'up') return;
  const error = { type: 'error', content: { code, reason: 'The history wants it so.' } };
  end.feed({ type: 'reset', stream_id, error });
  end.app.close(stream_id);
}

function trouble(world: World, event: PlannedEvent): void {
  world.watch.note(event.do);
  world.watch.quiet.stir();
  switch (event.do) {
    case 'weather':
      world.network.setWeather(event.side, event.weather);
      break;
    case 'drop':
      world.network.drop(event.told);
      break;
    case 'partition':
      world.network.partition(true);
      world.time.after(event.for_ms, () => {
        if (world.healed_ms === undefined && world.time.now_ms < world.plan.heal_ms) world.network.partition(false);
      });
      break;
    case 'half_open':
      world.network.halfOpen(event.side);
      break;
    case 'crash':
      world.crash(event.side, event.for_ms);
      break;
    case 'takeover':
      if (world.ends.client.established) world.shell.dial();
      break;
    case 'intrude':
      intrude(world, event.with);
      break;
    default:
      break;
  }
}
