import {
  type Check,
  isCount,
  isFlag,
  isNumber,
  isQos,
  isTime,
  isWhole,
  listOf,
  oneOf,
  orNull,
  shapeOf,
  textOf,
} from '@atp-router/kernel';
import { CREDIT_VERSION, ENTRIES_MAX, type OwnerMessage, type WorkerMessage } from './messages.ts';

/** Whether what came over a transport is a message at all. What it says is another matter: both ends believe each other. */

/** Names of accounts, tenants and workers in bytes of UTF-16; the router's own are shorter. */
const NAME_MAX = 1_024;
/** Accounts of one part, and parts of one want: a call has two, each further attempt one more. */
const ACCOUNTS_MAX = 8;
const PARTS_MAX = 16;

const isName: Check = textOf(NAME_MAX);
const isDay: Check = (value) => isWhole(value) && Math.abs(value as number) < 100_000_000;
const isDistinct = (names: readonly string[]): boolean => names.length > 0 && new Set(names).size === names.length;

const isAmounts = shapeOf({ calls: isCount, tokens: isCount, usd_nanos: isCount });
const isChange = shapeOf({ calls: isWhole, tokens: isWhole, usd_nanos: isWhole });
const isHeld: Check = (value) =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).every(([qos, amounts]) => isQos(qos) && isAmounts(amounts));

const total = { account: isName, day: isDay, used: isAmounts };
const isKey = shapeOf({
  qos: isQos,
  tenant: isName,
  weight: (value) => isNumber(value) && (value as number) > 0,
  session: isName,
  tokens: isCount,
  deadline_in_ms: orNull(isNumber),
});
const isPart = shapeOf({
  accounts: (value) => listOf(isName, ACCOUNTS_MAX)(value) && isDistinct(value as string[]),
  amounts: isAmounts,
  wait_ms: orNull(isTime),
  day: orNull(isDay),
});
const isWant = shapeOf({
  id: isCount,
  kind: oneOf('start', 'grow'),
  key: isKey,
  parts: (value) => listOf(isPart, PARTS_MAX)(value) && (value as unknown[]).length > 0,
  waited_ms: isTime,
});
const isRecovered = shapeOf({
  worker: isName,
  incarnation: isCount,
  totals: listOf(shapeOf(total), ENTRIES_MAX),
  is_whole: isFlag,
});
const isSync = shapeOf({ ...total, held: isHeld, by: isChange, is_open: isFlag, wants: isAmounts });
const isCredit = shapeOf({ account: isName, day: isDay, amounts: isAmounts, is_open: isFlag });
const isStanding = shapeOf({ account: isName, day: isDay, used: isAmounts, out: isAmounts });
const isDenial = shapeOf({
  ok: (value) => value === false,
  account: isName,
  dimension: isName,
  limit: isNumber,
  available: isNumber,
  waitable: isFlag,
});

const workerBodies: Readonly<Record<string, Check>> = {
  hello: shapeOf({
    is_heir: isFlag,
    slots: listOf(shapeOf({ ...total, held: isHeld }), ENTRIES_MAX),
    wants: listOf(isWant, ENTRIES_MAX),
    recovered: listOf(isRecovered, ENTRIES_MAX),
    is_last: isFlag,
  }),
  want: shapeOf({ want: isWant }),
  cancel: shapeOf({ id: isCount }),
  sync: shapeOf({
    slots: listOf(isSync, ENTRIES_MAX),
    ended: listOf(shapeOf({ id: isCount, part: isCount, tokens: isCount }), ENTRIES_MAX),
  }),
  settled_for: shapeOf({ recovered: isRecovered }),
  stopping: shapeOf({ ask: isCount, amounts: isAmounts }),
  ping: shapeOf({}),
};

const ownerBodies: Readonly<Record<string, Check>> = {
  resync: shapeOf({}),
  welcome: shapeOf({}),
  grant: shapeOf({
    id: isCount,
    day: isDay,
    credit: listOf(isCredit, ENTRIES_MAX),
    standings: listOf(isStanding, ENTRIES_MAX),
  }),
  deny: shapeOf({
    id: isCount,
    reason: oneOf('denied', 'expired', 'shed', 'failed', 'unreachable'),
    denial: orNull(isDenial),
    retry_ms: orNull(isTime),
    standings: listOf(isStanding, ENTRIES_MAX),
  }),
  credit: shapeOf({ credit: listOf(isCredit, ENTRIES_MAX), standings: listOf(isStanding, ENTRIES_MAX) }),
  recall: shapeOf({ accounts: listOf(isName, ENTRIES_MAX) }),
  preempt: shapeOf({
    ask: isCount,
    account: isName,
    qos: isQos,
    need: isAmounts,
    most: shapeOf({ calls: orNull(isCount), tokens: orNull(isCount), usd_nanos: orNull(isCount) }),
  }),
  pong: shapeOf({}),
};

const bodyOf =
  (bodies: Readonly<Record<string, Check>>): Check =>
  (value) => {
    const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
    return typeof type === 'string' && Object.hasOwn(bodies, type) && bodies[type]?.(value) === true;
  };

const head = {
  v: (value: unknown): boolean => value === CREDIT_VERSION,
  worker: isName,
  incarnation: isCount,
  epoch: isCount,
  link: isCount,
  seq: isCount,
  heard: isCount,
};
const workerMessage = shapeOf({ ...head, body: bodyOf(workerBodies) });
const ownerMessage = shapeOf({ ...head, body: bodyOf(ownerBodies) });

export function isWorkerMessage(value: unknown): value is WorkerMessage {
  return workerMessage(value);
}

export function isOwnerMessage(value: unknown): value is OwnerMessage {
  return ownerMessage(value);
}
