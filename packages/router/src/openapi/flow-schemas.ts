import type { JsonObject } from '@atp-router/kernel';
import { flag, int, list, num, orNull, record, ref, text, words } from './schema.ts';

const perTier = (description: string): JsonObject =>
  record({ gold: int('Gold.'), silver: int('Silver.'), bronze: int('Bronze.') }, [], description);

const held = (what: string): JsonObject =>
  record({ outstanding: int(`${what} held now.`), limit: orNull(num(`${what} that may be. Null: not limited.`)) });

const ofDay = (what: string): JsonObject =>
  record({
    used: orNull(int(`${what} used on this UTC day. Null: only the machine that holds the limits knows.`)),
    limit: orNull(int(`${what} that one day may use. Null: not limited.`)),
  });

/** The answer of `/flow`. */
export const FLOW_SCHEMAS: JsonObject = {
  Flow: record({
    node_id: text('Which router answers.'),
    uptime_s: int('Since its start, which totals count from.'),
    now_ms: int('Wall clock, ms since the epoch.'),
    calls_in_flight: int('Calls of the process, those that wait included.'),
    waiting: int('Demands that wait for funds or a place.'),
    max_waiting: int('How many may.'),
    lapsed_total: int('Calls that were not heard of until their lease was over.'),
    tiers: list(ref('FlowTier'), 'Best first.'),
    accounts_total: int('Accounts that have a limit, or that somebody waits for.'),
    accounts: list(ref('FlowAccount'), 'At most 1000 of them.'),
    tenants_total: int('Tenants.'),
    tenants: list(ref('FlowTenant'), 'At most 1000 of them.'),
  }),
  FlowTier: record({
    qos: words('Service tier.', ['gold', 'silver', 'bronze']),
    waiting: int('Demands that wait.'),
    in_flight: int('Calls that hold funds.'),
    tokens_outstanding: int('Tokens that they hold.'),
    jain: num(
      "Jain's index of what tenants that had to wait were served, over the last half to whole minute: 1 is fair.",
    ),
    wait_p50_ms: num('Median wait of the last 512 demands that were granted.'),
    wait_p99_ms: num('The 99th percentile of them.'),
    granted_total: int('Demands granted.'),
    waited_total: int('Those of them that had to wait.'),
    denied_total: int('Refused for want of funds or room, without a wait.'),
    expired_total: int('Refused after they had waited as long as they would.'),
    shed_total: int('Refused because too many waited.'),
    failed_total: int('Ended by a fault of the router.'),
    cancelled_total: int('Withdrawn while they waited.'),
    preempted_total: int('Calls stopped for one of a better tier.'),
    starved_total: int('Times that a tenant of it was found to starve.'),
  }),
  FlowAccount: record({
    account: text('Name, such as `provider:openai`.'),
    level: words('Its kind.', [
      'session',
      'key',
      'agent',
      'tenant',
      'router',
      'model',
      'suggested',
      'deployment',
      'provider',
    ]),
    calls: record({
      outstanding: int('Calls in flight.'),
      window: orNull(num('Calls that may be now. Null: any.')),
      limit: orNull(num('Calls that its limit allows. Null: not limited.')),
    }),
    tokens: held('Tokens'),
    usd_micros: held('Micro-dollars'),
    waiting: perTier('Demands that wait here, by tier.'),
    in_flight: perTier('Calls in flight, by tier.'),
    shares: orNull(record({ gold: num('Gold.'), silver: num('Silver.'), bronze: num('Bronze.') })),
    pressed: flag('Waits are above the high mark.'),
    wait_ms: orNull(num('What a bronze demand that comes now is told to wait. Null: not known.')),
  }),
  FlowTenant: record({
    tenant: text('Id.'),
    weight: num('Its share among tenants of a tier.'),
    waiting: int('Its demands that wait, whatever for.'),
    held_back: list(text('Tier.'), 'Tiers that are refused because one of its objectives (`slo`) is broken.'),
    calls: held('Calls'),
    tokens: held('Tokens'),
    usd_micros: held('Micro-dollars'),
    today: record({ calls: ofDay('Calls'), tokens: ofDay('Tokens'), usd_micros: ofDay('Micro-dollars') }),
    burn_usd_micros_per_minute: int('How fast it spends, smoothed.'),
    exhaustion_minutes: orNull(num('Minutes until its budget of the day is spent at this rate. Null: none, or never.')),
  }),
};
