import { isQos } from '@atp-router/kernel';
import { CREDIT_VERSION, ENTRIES_MAX, type OwnerMessage, type WorkerMessage } from './messages.ts';

/** Whether what came over a transport is a message at all. What it says is another matter: both ends believe each other. */

type Check = (value: unknown) => boolean;

/** Names of accounts, tenants and workers in bytes of UTF-16; the router's own are shorter. */
const NAME_MAX = 1_024;
/** Accounts of one part, and parts of one want: a call has two, each further attempt one more. */
const ACCOUNTS_MAX = 8;
const PARTS_MAX = 16;

const isName: Check = (value) => typeof value === 'string' && value.length <= NAME_MAX;
const isFlag: Check = (value) => typeof value === 'boolean';
const isWhole: Check = (value) => Number.isSafeInteger(value);
const isCount: Check = (value) => isWhole(value) && (value as number) >= 0;
const isTime: Check = (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const isDay: Check = (value) => isWhole(value) && Math.abs(value as number) < 100_000_000;
const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value);

const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);

const oneOf =
  (...values: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && values.includes(value);

const listOf =
  (check: Check, max: number = ENTRIES_MAX): Check =>
  (value) =>
    Array.isArray(value) && value.length <= max && value.every(check);

/** Each of these is there; more may be, from a later version of the same. */
const shape = (fields: Readonly<Record<string, Check>>): Check => {
  const checks = Object.entries(fields);
  return (value) =>
    typeof value === 'object' &&
    value !== null &&
    checks.every(([name, check]) => Object.hasOwn(value, name) && check((value as Record<string, unknown>)[name]));
};

const isDistinct = (names: readonly string[]): boolean => names.length > 0 && new Set(names).size === names.length;

const isAmounts = shape({ calls: isCount, tokens: isCount, usd_nanos: isCount });
const isChange = shape({ calls: isWhole, tokens: isWhole, usd_nanos: isWhole });
const isHeld: Check = (value) =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).every(([qos, amounts]) => isQos(qos) && isAmounts(amounts));

const total = { account: isName, day: isDay, used: isAmounts };
const isKey = shape({
  qos: isQos,
  tenant: isName,
  weight: (value) => isNumber(value) && (value as number) > 0,
  session: isName,
  tokens: isCount,
  deadline_in_ms: orNull(isNumber),
});
const isPart = shape({
  accounts: (value) => listOf(isName, ACCOUNTS_MAX)(value) && isDistinct(value as string[]),
  amounts: isAmounts,
  wait_ms: orNull(isTime),
  day: orNull(isDay),
});
const isWant = shape({
  id: isCount,
  kind: oneOf('start', 'grow'),
  key: isKey,
  parts: (value) => listOf(isPart, PARTS_MAX)(value) && (value as unknown[]).length > 0,
  waited_ms: isTime,
});
const isRecovered = shape({ worker: isName, incarnation: isCount, totals: listOf(shape(total)), is_whole: isFlag });
const isSync = shape({ ...total, held: isHeld, by: isChange, is_open: isFlag, wants: isAmounts });
const isCredit = shape({ account: isName, day: isDay, amounts: isAmounts, is_open: isFlag });
const isStanding = shape({ account: isName, day: isDay, used: isAmounts, out: isAmounts });
const isDenial = shape({
  ok: (value) => value === false,
  account: isName,
  dimension: isName,
  limit: isNumber,
  available: isNumber,
  waitable: isFlag,
});

const workerBodies: Readonly<Record<string, Check>> = {
  hello: shape({
    is_heir: isFlag,
    slots: listOf(shape({ ...total, held: isHeld })),
    wants: listOf(isWant),
    recovered: listOf(isRecovered),
    is_last: isFlag,
  }),
  want: shape({ want: isWant }),
  cancel: shape({ id: isCount }),
  sync: shape({ slots: listOf(isSync), ended: listOf(shape({ id: isCount, part: isCount, tokens: isCount })) }),
  settled_for: shape({ recovered: isRecovered }),
  stopping: shape({ ask: isCount, amounts: isAmounts }),
  ping: shape({}),
};

const ownerBodies: Readonly<Record<string, Check>> = {
  resync: shape({}),
  welcome: shape({}),
  grant: shape({ id: isCount, day: isDay, credit: listOf(isCredit), standings: listOf(isStanding) }),
  deny: shape({
    id: isCount,
    reason: oneOf('denied', 'expired', 'shed', 'failed', 'unreachable'),
    denial: orNull(isDenial),
    retry_ms: orNull(isTime),
    standings: listOf(isStanding),
  }),
  credit: shape({ credit: listOf(isCredit), standings: listOf(isStanding) }),
  recall: shape({ accounts: listOf(isName) }),
  preempt: shape({
    ask: isCount,
    account: isName,
    qos: isQos,
    need: isAmounts,
    most: shape({ calls: orNull(isCount), tokens: orNull(isCount), usd_nanos: orNull(isCount) }),
  }),
  pong: shape({}),
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
const workerMessage = shape({ ...head, body: bodyOf(workerBodies) });
const ownerMessage = shape({ ...head, body: bodyOf(ownerBodies) });

export function isWorkerMessage(value: unknown): value is WorkerMessage {
  return workerMessage(value);
}

export function isOwnerMessage(value: unknown): value is OwnerMessage {
  return ownerMessage(value);
}
