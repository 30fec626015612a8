import type { AgentStatus } from '@atp-router/wire';
import { FAIR, type Weather } from './channel.ts';
import { Draw } from '@atp-router/kernel/testing';
import { seedFor } from './seed-for.ts';
import { SIDES, type Side } from './network.ts';
import {
  type Ending,
  type EndSetting,
  type Plan,
  type PlannedEvent,
  type PlannedStream,
  type Setting,
  WALL_ORIGIN_MS,
} from './plan.ts';

/** More than a resend lifetime. */
const STORM_MS_MIN = 36_000;
const CODES = ['EPREEMPT', 'EAGENTDOWN', 'EBUDGET', 'EPOLICY'] as const;

/** The history of a seed. */
export function drawPlan(seed: number): Plan {
  const setting = tellingLate(drawSetting(new Draw(seedFor(seed, 'setting'))), new Draw(seedFor(seed, 'told')));
  const draw = new Draw(seedFor(seed, 'events'));
  const heal_ms = draw.one(1_000, 3_000, 8_000, draw.int(10_000, 100_000));
  const streams: readonly PlannedStream[] = Array.from({ length: draw.skewed(1, 9) }, () => ({
    opener: draw.one<Side>('client', 'server'),
  }));
  const events = [...drawWork(draw, streams, heal_ms), ...drawTrouble(draw, setting, streams, heal_ms)];
  events.push(...drawClocks(new Draw(seedFor(seed, 'clocks')), setting, heal_ms));
  events.push(...drawWindows(new Draw(seedFor(seed, 'windows')), heal_ms));
  events.push(...drawStorm(new Draw(seedFor(seed, 'storm')), heal_ms));
  const ending: Ending = draw.one<Ending>('finish', 'finish', 'finish', 'finish', 'finish', 'idle', 'abort', 'part');
  return { seed, setting, streams, events: events.sort((a, b) => a.at_ms - b.at_ms), heal_ms, ending };
}

function drawSetting(draw: Draw): Setting {
  const sealed = draw.chance(0.3);
  const calm = draw.chance(0.25);
  return {
    sealed,
    signed: draw.chance(0.2),
    encodings: draw.one(['cbor'], ['json'], ['cbor', 'json']),
    tight: draw.chance(0.1),
    fragment_bytes: draw.one(128, 256, 1_024),
    resume_ttl_ms: draw.one(5_000, 60_000, 60_000),
    ends: { client: drawEnd(draw, calm, sealed), server: drawEnd(draw, calm, sealed) },
  };
}

/** Ends that hear late of what is saved: a crash may come between the two. */
function tellingLate({ ends, ...setting }: Setting, draw: Draw): Setting {
  const late = (end: EndSetting): EndSetting => {
    const told_ms = draw.one(0, 0, 5, 100, 1_000);
    if (!end.durable || !draw.chance(0.2)) return { ...end, told_ms };
    return { ...end, told_ms, crashes_untold: draw.one<'failure' | number>('failure', draw.skewed(2, 60)) };
  };
  return { ...setting, ends: { client: late(ends.client), server: late(ends.server) } };
}

function drawEnd(draw: Draw, calm: boolean, sealed: boolean): EndSetting {
  return {
    durable: draw.chance(0.5),
    drift: {
      rate: draw.one(1, 1 + (draw.next() - 0.5) / 20),
      mono_origin_ms: draw.one(0, draw.next() * 1e9),
      wall_origin_ms: WALL_ORIGIN_MS + draw.int(-10_000, 10_000),
    },
    weather: drawWeather(draw, calm, sealed),
    pending_messages: draw.one(1, 2, 4, 16, 64, 256),
    save_ms: draw.one(0, 2, 50, 800),
    told_ms: 0,
    consume_ms: draw.one(0, 0, 5, 100, 2_000),
    consumes_from_ms: draw.chance(0.1) ? draw.int(0, 40_000) : 0,
  };
}

function drawWeather(draw: Draw, calm: boolean, sealed: boolean): Weather {
  const share = (most: number): number => (calm || draw.chance(0.4) ? 0 : draw.next() * most);
  return {
    loss: share(0.3),
    duplication: share(0.2),
    reordering: share(0.4),
    corruption: sealed ? share(0.1) : 0,
    delay_ms: draw.one(0, 1, 20, draw.int(20, 300)),
    jitter_ms: draw.one(0, 10, 100),
    bytes_per_ms: draw.one(2, 50, 10_000),
  };
}

/** What the applications say. */
function drawWork(draw: Draw, streams: readonly PlannedStream[], heal_ms: number): PlannedEvent[] {
  const events: PlannedEvent[] = [];
  const count = draw.skewed(3, 90);
  const last_ms = draw.chance(0.2) ? heal_ms + 5_000 : heal_ms;
  const large = draw.chance(0.4);
  for (let uid = 1; uid <= count; uid += 1) {
    const stream = draw.chance(0.05) ? -1 : draw.int(0, streams.length - 1);
    const kind = draw.one('text', 'text', 'bytes', 'json', 'none');
    events.push({
      do: 'say',
      // Some come in bursts: that is what fills windows.
      at_ms: draw.chance(0.3) ? Math.floor(last_ms / 4) : draw.int(0, last_ms),
      side: draw.one<Side>('client', 'server'),
      stream,
      lane: stream === -1 || draw.chance(0.6) ? 0 : draw.int(1, 3),
      uid,
      kind,
      size: draw.one(0, draw.int(1, 60), large ? draw.skewed(60, 6_000) : 30),
      ...(draw.chance(0.3) && { qos: draw.one('gold', 'silver', 'bronze') }),
    });
  }
  for (const [stream] of streams.entries())
    for (const side of SIDES)
      if (draw.chance(0.4)) events.push({ do: 'fin', at_ms: draw.int(0, last_ms), side, stream });
  return events;
}

/** What goes wrong, and what changes. */
function drawTrouble(draw: Draw, setting: Setting, streams: readonly PlannedStream[], heal_ms: number): PlannedEvent[] {
  const events: PlannedEvent[] = [];
  const some = (share: number, most: number, make: (at_ms: number) => PlannedEvent): void => {
    if (!draw.chance(share)) return;
    for (let left = draw.int(1, most); left > 0; left -= 1) events.push(make(draw.int(0, heal_ms)));
  };
  const side = (): Side => draw.one<Side>('client', 'server');
  const stream = (): number => draw.int(0, streams.length - 1);
  some(0.35, 3, (at_ms) => ({
    do: 'drop',
    at_ms,
    told: draw.one<readonly Side[]>(SIDES, SIDES, ['client'], ['server'], []),
  }));
  some(0.2, 2, (at_ms) => ({ do: 'partition', at_ms, for_ms: draw.skewed(100, 50_000) }));
  some(0.1, 2, (at_ms) => ({ do: 'half_open', at_ms, side: side() }));
  some(0.15, 2, (at_ms) => ({ do: 'takeover', at_ms }));
  some(0.25, 2, (at_ms) => ({ do: 'crash', at_ms, side: drawCrashing(draw, setting), for_ms: draw.skewed(0, 20_000) }));
  some(0.15, 3, (at_ms) => ({ do: 'intrude', at_ms, with: draw.one('spent_token', 'made_up_token', 'hello') }));
  some(0.25, 3, (at_ms) => ({ do: 'reset', at_ms, side: side(), stream: stream(), code: draw.one(...CODES) }));
  some(0.2, 4, (at_ms) => ({
    do: 'status',
    at_ms,
    side: side(),
    status: draw.one('READY', 'BUSY', 'PAUSE', 'DRAINING'),
  }));
  some(0.2, 4, (at_ms) => ({ do: 'window', at_ms, side: side(), window: { max_parallel: draw.int(0, 10) } }));
  some(0.2, 3, (at_ms) => ({ do: 'crowded', at_ms, side: side(), for_ms: draw.int(100, 5_000) }));
  some(0.15, 3, (at_ms) => {
    const on = side();
    return { do: 'weather', at_ms, side: on, weather: drawWeather(draw, false, setting.sealed) };
  });
  return events;
}

/** Wall clocks that are set: with signatures by little, as frames far from a reader's time are refused; rarely by much. */
function drawClocks(draw: Draw, { signed }: Setting, heal_ms: number): PlannedEvent[] {
  if (!draw.chance(0.2)) return [];
  return Array.from({ length: draw.int(1, 3) }, () => {
    const most_ms = signed && draw.chance(0.95) ? 500 : 10_000_000;
    const side = draw.one<Side>('client', 'server');
    return { do: 'clock', at_ms: draw.int(0, heal_ms), side, by_ms: draw.int(-most_ms, most_ms) };
  });
}

/** One way is so bad that messages of it fail while the connection lives: only in histories that are long enough. */
function drawStorm(draw: Draw, heal_ms: number): PlannedEvent[] {
  if (heal_ms < STORM_MS_MIN || !draw.chance(0.5)) return [];
  const weather: Weather = { ...FAIR, loss: 0.6 + draw.next() * 0.3 };
  const side = draw.one<Side>('client', 'server');
  const at_ms = draw.int(0, heal_ms - STORM_MS_MIN);
  const says = (status: AgentStatus, in_ms: number): PlannedEvent => ({
    do: 'status',
    at_ms: at_ms + in_ms,
    side,
    status,
  });
  const blocked = draw.one<AgentStatus>('BUSY', 'PAUSE', 'DRAINING');
  return [says(blocked, 0), { do: 'weather', at_ms: at_ms + 500, side, weather }, says('READY', 1_000)];
}

/** Windows of a router at work: their members move by little and by much, at times several within a second. */
function drawWindows(draw: Draw, heal_ms: number): PlannedEvent[] {
  if (!draw.chance(0.2)) return [];
  const side = draw.one<Side>('client', 'server');
  const first_ms = draw.int(0, heal_ms);
  const spread_ms = draw.one(300, 3_000, heal_ms);
  const step = draw.one(0.01, 0.1, 0.5);
  const moved = (value: number): number => Math.round(value * (1 + (draw.next() - 0.5) * step));
  return Array.from({ length: draw.int(1, 12) }, () => ({
    do: 'window',
    at_ms: Math.min(heal_ms, first_ms + draw.int(0, spread_ms)),
    side,
    window: {
      max_parallel: draw.int(8, 10),
      max_tokens: moved(100_000),
      ...(draw.chance(0.9) && { max_usd_micros: moved(5_000_000) }),
    },
  }));
}

/** Mostly an end that keeps what it has: the crash of another one ends the session, and there is little to see. */
function drawCrashing(draw: Draw, { ends }: Setting): Side {
  const durable = SIDES.filter((side) => ends[side].durable);
  const [first, second] = durable;
  if (first === undefined || draw.chance(0.1)) return draw.one<Side>('client', 'server');
  return second === undefined ? first : draw.one(first, second);
}
