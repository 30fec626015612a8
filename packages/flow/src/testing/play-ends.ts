import type { Ticket } from '../scheduler/ticket.ts';
import type { Demand } from './records.ts';
import { amountsOf, type Sum } from './sums.ts';
import type { World } from './world.ts';

/** `part` of a demand ends, or all do, with `use` times what it holds. */
export function end(world: World, demand: Demand | undefined, part: number | 'all', use: number | undefined): void {
  if (demand === undefined) return;
  if (part === 'all') endAll(world, demand, use);
  else endPart(world, demand, part, use);
}

export function endAll(world: World, demand: Demand, use: number | undefined): void {
  for (let at = 0; at < demand.parts.length; at += 1) endPart(world, demand, at, use);
}

function endPart(world: World, demand: Demand, at: number, planned: number | undefined): void {
  const { is_exact, use: factors } = world.setting;
  const use = is_exact ? 1 : planned;
  const part = demand.parts[at];
  if (demand.ticket === undefined || part?.kind !== 'reserve') return;
  if (part.state === 'over') endAgain(world, demand.ticket, at);
  if (part.state !== 'open' && part.state !== 'lapsed') return;
  const [calls, tokens, usd_nanos] = part.amounts;
  const by = is_exact ? 1 : (use ?? 0) * (factors[demand.wish.tenant] ?? 1);
  const actual: Sum = [use === undefined ? 0 : calls, Math.round(tokens * by), Math.round(usd_nanos * by)];
  world.ended(demand, part, actual);
  world.took(
    use === undefined
      ? world.scheduler.release(demand.ticket, at, world.now)
      : world.scheduler.settle(demand.ticket, at, amountsOf(actual), world.now),
  );
}

/** What has ended does not end: nothing changes, as the books will see. */
function endAgain(world: World, ticket: Ticket<Demand>, at: number): void {
  world.watch.counts.ended_again += 1;
  try {
    if (at === 0) world.scheduler.release(ticket, at, world.now);
    else world.scheduler.settle(ticket, at, { calls: 1, tokens: 1, usd_nanos: 1 }, world.now);
  } catch {
    return;
  }
  world.watch.broken('a part ends twice');
}

/** Holders end what they hold, the dead lapse, and some of those come back; whoever waits is granted or gives up. */
export function finish(world: World): void {
  const { watch } = world;
  while (watch.problems.length === 0) {
    watch.step += 1;
    const demand = world.live.find(({ has_crashed }) => !has_crashed);
    if (demand !== undefined) {
      endAll(world, demand, 1);
      continue;
    }
    const due_ms = world.scheduler.due_mono_ms;
    if (due_ms !== undefined && due_ms < Number.POSITIVE_INFINITY) {
      world.mono_ms = Math.max(world.mono_ms, due_ms);
      world.took(world.scheduler.expire(world.now), undefined, true);
      continue;
    }
    const [waits] = world.queues.waiting;
    if (waits?.ticket === undefined) break;
    // It would wait for ever for what is not given.
    waits.status = 'over';
    world.took(world.scheduler.cancel(waits.ticket, world.now));
  }
  for (const demand of [...world.live]) if (demand.number % 2 === 0) endAll(world, demand, 0.5);
  if (watch.problems.length === 0) world.judgeRest();
}
