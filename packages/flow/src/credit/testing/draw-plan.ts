import { QOS_TIERS, type Qos } from '@atp-router/kernel';
import type { AccountLimits } from '../../amounts.ts';
import { Draw } from '@atp-router/kernel/testing';
import {
  ACCOUNTS,
  FAIR,
  type Plan,
  type PlannedCall,
  type PlannedEvent,
  type Setting,
  type Weather,
  STEEPNESS,
} from './plan.ts';

const DAY_MS = 86_400_000;
const ORIGIN_MS = 20_000 * DAY_MS;
const LENGTH_MS = 9_000;

/** The history of a seed. */
export function drawPlan(seed: number): Plan {
  const draw = new Draw(seed, STEEPNESS);
  const setting = { ...drawSetting(draw), heirs: seed % 4 === 0 };
  const events: PlannedEvent[] = [];
  const calls = draw.chance(0.1) ? draw.int(150, 300) : draw.int(20, 120);
  for (let i = 0; i < calls; i += 1) events.push(drawCall(draw, setting.workers));
  if (!setting.is_calm) {
    const troubles = draw.int(1, 6);
    for (let i = 0; i < troubles; i += 1) events.push(drawTrouble(draw, setting));
  }
  events.sort((a, b) => a.at_ms - b.at_ms);
  return { seed, setting, events, heal_ms: LENGTH_MS + 500 };
}

function drawSetting(draw: Draw): Setting {
  const workers = draw.int(1, 5);
  const is_calm = draw.chance(0.3);
  const limits = new Map<string, AccountLimits>();
  for (const account of ACCOUNTS) {
    if (draw.chance(0.7)) limits.set(account, drawLimits(draw, account));
  }
  const before_ms = draw.chance(0.3) ? draw.int(0, LENGTH_MS) : DAY_MS / 2;
  return {
    workers,
    limits,
    wall_ms: ORIGIN_MS - before_ms,
    // As far apart as the margin bears: a tenth.
    rates: Array.from({ length: 12 }, () => draw.from([0.955, 1, 1.045])),
    weather: is_calm ? FAIR : drawWeather(draw),
    is_calm,
  };
}

function drawWeather(draw: Draw): Weather {
  const is_rough = draw.chance(0.3);
  return {
    delay_ms: draw.chance(0.2) ? [1, 80] : [1, 6],
    lost: is_rough ? 0.02 * draw.next() : 0,
    repeated: is_rough ? 0.05 * draw.next() : 0,
    early: is_rough ? 0.02 * draw.next() : 0,
  };
}

/** Tight for some, wide for others; budgets that last for a while or not. */
export function drawLimits(draw: Draw, account: string): AccountLimits {
  const wide = account.startsWith('tenant') ? 1 : 2;
  const limits: { -readonly [K in keyof AccountLimits]: AccountLimits[K] } = {};
  if (draw.chance(0.7)) limits.max_parallel = wide * draw.skewed(2, 60);
  if (draw.chance(0.4)) limits.max_tokens = wide * draw.skewed(300, 20_000);
  if (draw.chance(0.3)) limits.tokens_per_day = wide * draw.skewed(1_000, 60_000);
  if (draw.chance(0.2)) limits.usd_nanos_per_day = wide * draw.skewed(10_000, 600_000);
  if (draw.chance(0.1)) limits.calls_per_day = wide * draw.skewed(5, 200);
  return limits;
}

function drawCall(draw: Draw, workers: number): PlannedCall {
  const tokens = draw.skewed(1, 400);
  const hold_ms = draw.skewed(5, 1_500);
  return {
    do: 'call',
    at_ms: draw.int(0, LENGTH_MS),
    worker: draw.int(0, workers - 1),
    tenant: draw.from(['a', 'a', 'b', 'c']),
    model: draw.from(['m1', 'm2']),
    qos: draw.from(QOS_TIERS as readonly [Qos, ...Qos[]]),
    tokens,
    hold_ms,
    used: draw.chance(0.15) ? 0 : draw.int(0, draw.chance(0.2) ? tokens * 2 : tokens),
    wait_ms: draw.chance(0.7) ? draw.int(50, 4_000) : undefined,
    cancel_ms: draw.chance(0.1) ? draw.int(1, 500) : undefined,
    grows: draw.chance(0.3) ? draw.int(-tokens, 200) : 0,
    again: draw.chance(0.1),
    is_preemptible: draw.chance(0.7),
  };
}

function drawTrouble(draw: Draw, { workers }: Setting): PlannedEvent {
  const at_ms = draw.int(200, LENGTH_MS);
  const worker = draw.int(0, workers - 1);
  const for_ms = draw.skewed(20, 5_000);
  switch (draw.int(0, 6)) {
    case 0:
      return { do: 'crash', at_ms, worker, for_ms, recovery: draw.from(['self', 'self', 'other', 'nobody']) };
    case 1:
      return { do: 'partition', at_ms, worker, for_ms };
    case 2:
      return { do: 'cut', at_ms, worker, for_ms };
    case 3:
      return { do: 'stall', at_ms, worker, for_ms };
    case 4:
    case 5:
      return { do: 'owner_dies', at_ms, for_ms, zombie: draw.chance(0.4), knows_workers: draw.chance(0.7) };
    default: {
      const account = draw.from(ACCOUNTS);
      return { do: 'limits', at_ms, account, limits: drawLimits(draw, account), skew_ms: draw.int(0, 300) };
    }
  }
}
