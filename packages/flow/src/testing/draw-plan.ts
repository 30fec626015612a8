import { QOS_TIERS, type Qos } from '@atp-router/kernel';
import type { AccountLimits } from '../amounts.ts';
import { DEFAULT_SHARES, type Shares } from '../scheduler/shares.ts';
import { ACCOUNT_IDS, MODEL_COUNT, PROVIDER_AT, SESSIONS, TENANTS } from './accounts.ts';
import { Draw } from '@atp-router/kernel/testing';
import { type Ask, DAY_MS, type Plan, type PlannedEvent, type Setting } from './plan.ts';
import type { Sum } from './sums.ts';

const EVENTS = 100;
/** Unfairness adds up slowly. */
const FAIR_EVENTS = 300;
const PICK_MAX = 1_000_000;
/** Of one token, so that windows of micro-dollars are about as tight as those of tokens. */
const USD_NANOS = 100;
const NEVER: number = Number.POSITIVE_INFINITY;

/** The history of a seed. */
export function drawPlan(seed: number): Plan {
  const draw = new Draw(seed);
  const setting = drawSetting(draw);
  const draws = setting.is_fair ? drawFairEvent : drawEvent;
  return {
    seed,
    setting,
    opening: setting.is_fair ? openFair(draw) : openMixed(draw),
    events: Array.from({ length: setting.is_fair ? FAIR_EVENTS : EVENTS }, () => draws(draw)),
  };
}

function drawSetting(draw: Draw): Setting {
  const is_fair = draw.chance(0.08);
  return {
    is_fair,
    max_accounts: is_fair || draw.chance(0.6) ? 1_000 : draw.int(4, 14),
    waiting: is_fair ? 1_000 : draw.one(2, 6, 12, 1_000),
    waiting_per_account: is_fair ? 1_000 : draw.one(1, 2, 4, 1_000),
    starvation: { wait_ms: 50, factor: 1.5, bump: is_fair ? 1 : draw.one(1, 3), half_life_ms: 200 },
    marks: { high_ms: 100, low_ms: 20, require_n: 2 },
    // Estimates of one tenant are always too high, of another too low.
    use: is_fair ? draw.one([1, 1, 1], [0.5, 2, 1], [2, 0.5, 1]) : [1, 1, 1],
    is_exact: is_fair && draw.chance(0.5),
    rule: is_fair ? undefined : draw.one(undefined, { max_parallel: draw.int(1, 3) }),
    weights: Array.from({ length: TENANTS }, () => draw.one(1, 1, 2, 0.5)),
  };
}

/** Windows that the worse tiers have filled when gold comes: somebody may be stopped for it. */
function openCrowded(draw: Draw): readonly PlannedEvent[] {
  const opening: PlannedEvent[] = [];
  for (const account of draw.one([0, PROVIDER_AT], [PROVIDER_AT])) {
    const limits = { max_parallel: draw.int(3, 8), ...(draw.chance(0.5) && { max_tokens: draw.int(60, 200) }) };
    opening.push(
      { do: 'limits', account, limits },
      { ...drawQueue(draw, account), max_waiting: undefined, shares: drawShares(draw) },
    );
  }
  for (let i = 0; i < 8; i += 1) {
    const qos = draw.one<Qos>('bronze', 'bronze', 'silver');
    opening.push({ ...drawAsk(draw), qos, model: draw.int(0, 1), lease_ms: NEVER });
  }
  const rush = draw.one(0, 3, 5);
  for (let i = 0; i < rush; i += 1) {
    const amounts: Sum = [1, draw.int(0, 10), 0];
    const ask = { ...drawAsk(draw), amounts, model: draw.int(0, 1), is_bare: draw.chance(0.5), deadline_ms: NEVER };
    opening.push({ ...ask, qos: 'gold', patience_ms: [500, 500] });
  }
  return opening;
}

/** Two queues after one another: calls are short in the first one, and tokens in the second one, where small demands would fit. */
function openTwoDoors(draw: Draw): readonly PlannedEvent[] {
  return [
    { do: 'limits', account: 0, limits: { max_parallel: draw.int(2, 4) } },
    { do: 'limits', account: PROVIDER_AT, limits: { max_tokens: draw.int(40, 80) } },
  ];
}

function openMixed(draw: Draw): readonly PlannedEvent[] {
  if (draw.chance(0.4)) return openCrowded(draw);
  if (draw.chance(0.15)) return openTwoDoors(draw);
  const share = draw.one(0.2, 0.5, 0.8);
  const opening: PlannedEvent[] = [];
  for (let account = 0; account < ACCOUNT_IDS.length; account += 1) {
    if (draw.chance(share)) opening.push({ do: 'limits', account, limits: drawLimits(draw) });
  }
  for (const account of [0, PROVIDER_AT, PROVIDER_AT + 1]) {
    if (draw.chance(0.6)) opening.push(drawQueue(draw, account));
  }
  return opening;
}

function openFair(draw: Draw): readonly PlannedEvent[] {
  const limits = { max_parallel: draw.one(1, 2, 3, 4) };
  const opening: PlannedEvent[] = [{ do: 'limits', account: PROVIDER_AT, limits }];
  // Somebody holds it while the others line up.
  for (let i = 0; i < 20; i += 1) opening.push(drawFairAsk(draw));
  return opening;
}

function drawLimits(draw: Draw): AccountLimits {
  if (draw.chance(0.1)) return {};
  return {
    ...(draw.chance(0.7) && { max_parallel: draw.int(0, 4) }),
    ...(draw.chance(0.4) && { max_tokens: draw.int(0, 100) }),
    ...(draw.chance(0.15) && { max_usd_micros: draw.int(0, 10) }),
    ...(draw.chance(0.2) && { tokens_per_day: draw.int(0, 400) }),
    ...(draw.chance(0.1) && { calls_per_day: draw.int(0, 20) }),
    ...(draw.chance(0.1) && { usd_nanos_per_day: draw.int(0, 40_000) }),
  };
}

function drawShares(draw: Draw): Shares {
  return draw.one(
    DEFAULT_SHARES,
    { gold: 0.5, silver: 0.25, bronze: 0.25 },
    { gold: 1, silver: 0, bronze: 0 },
    { gold: 0.6, silver: 0, bronze: 0.4 },
  );
}

function drawQueue(draw: Draw, account: number): Extract<PlannedEvent, { do: 'configure' }> {
  const shares = draw.chance(0.2) ? undefined : drawShares(draw);
  return { do: 'configure', account, shares, max_waiting: draw.one(undefined, undefined, 0, 1, 3) };
}

function drawAmounts(draw: Draw): Sum {
  const tokens = draw.chance(0.1) ? 0 : draw.int(1, 40);
  return [draw.one(1, 1, 1, 1, 1, 1, 0, 2), tokens, draw.chance(0.7) ? tokens * USD_NANOS : 0];
}

function drawPatience(draw: Draw): number {
  return draw.one(0, 20, 100, draw.int(1, 300), 500, NEVER);
}

function drawAsk(draw: Draw): Ask {
  const model = draw.chance(0.75) ? draw.int(0, MODEL_COUNT - 1) : undefined;
  return {
    do: 'ask',
    qos: draw.one<Qos>(...(QOS_TIERS as readonly [Qos, ...Qos[]])),
    tenant: draw.int(0, TENANTS - 1),
    key: draw.int(0, 1),
    session: draw.int(0, SESSIONS - 1),
    model,
    is_bare: model !== undefined && draw.chance(0.2),
    amounts: drawAmounts(draw),
    patience_ms: [drawPatience(draw), drawPatience(draw)],
    deadline_ms: draw.one(NEVER, NEVER, draw.int(1, 400)),
    lease_ms: draw.one(NEVER, 50, 200, draw.int(1, 1_000)),
    is_preemptible: draw.chance(0.7),
  };
}

/** How much of what was estimated is used: often less, at times more, at times just that. */
function drawUse(draw: Draw): number {
  return draw.one(1, draw.next(), draw.next(), 0, 1 + 2 * draw.next());
}

function drawEvent(draw: Draw): PlannedEvent {
  const roll = draw.next();
  const pick = draw.int(0, PICK_MAX);
  if (roll < 0.4) return drawAsk(draw);
  if (roll < 0.6) {
    const use = draw.chance(0.2) ? undefined : drawUse(draw);
    return { do: 'end', pick, part: draw.one<number | 'all'>('all', 'all', 0, 1), use };
  }
  if (roll < 0.65) return { do: 'cancel', pick };
  if (roll < 0.75) return { do: 'pass', by_ms: draw.one(1, 10, draw.int(0, 200), 600), is_late: draw.chance(0.15) };
  if (roll < 0.79) return { do: 'limits', account: draw.int(0, ACCOUNT_IDS.length - 1), limits: drawLimits(draw) };
  if (roll < 0.8) {
    const calls = draw.chance(0.4) ? NEVER : draw.int(0, 4);
    return { do: 'ceiling', account: draw.one(0, PROVIDER_AT, draw.int(0, ACCOUNT_IDS.length - 1)), calls };
  }
  if (roll < 0.81) return { do: 'retire', account: draw.int(0, ACCOUNT_IDS.length - 1) };
  if (roll < 0.83) return drawQueue(draw, draw.one(0, 1, PROVIDER_AT, PROVIDER_AT, PROVIDER_AT + 1));
  return drawRareEvent(draw, pick);
}

function drawRareEvent(draw: Draw, pick: number): PlannedEvent {
  const roll = draw.next();
  if (roll < 0.2) return { do: 'adjust', pick, part: draw.int(0, 1), factor: draw.one(0.5, draw.next(), 1.5, 3) };
  if (roll < 0.25) return { do: 'replace', pick, by: drawAmounts(draw), patience_ms: drawPatience(draw) };
  if (roll < 0.4) {
    const model = draw.chance(0.3) ? draw.int(0, MODEL_COUNT - 1) : undefined;
    return { do: 'grow', pick, by: drawAmounts(draw), patience_ms: drawPatience(draw), model };
  }
  if (roll < 0.55) return { do: 'crash', pick };
  if (roll < 0.7) return { do: 'return', pick, use: drawUse(draw) };
  if (roll < 0.8) return { do: 'renew', pick };
  if (roll < 0.85) return { do: 'wake', account: draw.one(undefined, draw.int(0, ACCOUNT_IDS.length - 1)) };
  return { do: 'clock', by_ms: draw.one(1, -1, draw.int(-3, 3), 40, -40) * DAY_MS + draw.int(-1_000, 1_000) };
}

function drawFairAsk(draw: Draw): Ask {
  const tenant = draw.one(0, 0, 0, 1, 1, 2);
  const tokens = draw.int(1, 10) * (tenant === 1 ? 2 : 1);
  return {
    ...drawAsk(draw),
    ...{ qos: draw.chance(0.1) ? 'gold' : 'silver', tenant, session: draw.one(0, 0, 0, 1), model: draw.int(0, 1) },
    amounts: [1, tokens, 0],
    patience_ms: [NEVER, NEVER],
    deadline_ms: draw.one(NEVER, NEVER, NEVER, 5_000),
  };
}

function drawFairEvent(draw: Draw): PlannedEvent {
  const roll = draw.next();
  const pick = draw.int(0, PICK_MAX);
  if (roll < 0.42) return drawFairAsk(draw);
  // One tenant finds later than others what it needs.
  if (roll < 0.5)
    return { do: 'grow', tenant: 1, pick, by: [1, draw.int(10, 30), 0], patience_ms: NEVER, model: undefined };
  if (roll < 0.9) return { do: 'end', pick, part: 'all', use: draw.chance(0.1) ? undefined : 0.5 + draw.next() };
  if (roll < 0.93) return { do: 'cancel', pick };
  if (roll < 0.96) return { do: 'pass', by_ms: draw.int(0, 100), is_late: false };
  if (roll < 0.98) return { do: 'crash', pick };
  return { do: 'return', pick, use: drawUse(draw) };
}
