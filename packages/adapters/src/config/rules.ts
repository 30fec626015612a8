import { HOSTED_TOOLS } from '@atp-router/providers';
import { isDatabaseUrl, isHost } from './addresses.ts';
import { fault, type Inventory, numberOf, type Row, textOf } from './inventory.ts';
import type { Draft } from './problem.ts';
import { checkAliases } from './rules-consensus.ts';
import { checkEmbeddings } from './rules-embed.ts';
import { checkFlow } from './rules-flow.ts';
import { checkPersona, checkRights } from './rules-personas.ts';
import { checkPolicy } from './rules-policies.ts';
import { checkProvider, headerNames } from './rules-providers.ts';
import { checkRegistry } from './rules-registry.ts';
import { checkRouting } from './rules-routing.ts';
import { checkCluster, checkSessionStore } from './rules-sessions.ts';
import { checkSigning } from './rules-signing.ts';
import { valueAt } from './shape.ts';

/** What spans several keys: combinations that contradict each other, or that the schema cannot say. */
export function checkRules(inventory: Inventory): Draft[] {
  return [
    ...inventory.providers.flatMap((row) => checkProvider(inventory, row)),
    ...inventory.models.flatMap((row) => model(inventory, row)),
    ...inventory.personas.flatMap((row) => checkPersona(inventory, row)),
    ...inventory.policies.flatMap((row) => checkPolicy(inventory, row)),
    ...checkRights(inventory),
    ...somethingToRoute(inventory),
    ...listenHost(inventory),
    ...checkSigning(inventory),
    ...store(inventory),
    ...checkSessionStore(inventory),
    ...checkCluster(inventory),
    ...checkFlow(inventory),
    ...checkEmbeddings(inventory),
    ...checkAliases(inventory),
    ...checkRegistry(inventory),
    ...checkRouting(inventory),
    ...headerNames(inventory, ['telemetry', 'otlp', 'headers']),
  ];
}

const PRICE_KEYS: readonly string[] = [
  'in_usd_per_mtok',
  'out_usd_per_mtok',
  'cached_in_usd_per_mtok',
  'cache_write_usd_per_mtok',
  'reasoning_usd_per_mtok',
  'per_request_usd',
];

function model(inventory: Inventory, row: Row): Draft[] {
  const drafts: Draft[] = [];
  const context = numberOf(row.value['context']);
  const longest = numberOf(row.value['max_output_tokens']);
  if (context !== undefined && longest !== undefined && longest > context) {
    drafts.push(
      fault(
        inventory,
        [...row.path, 'max_output_tokens'],
        '"max_output_tokens" is larger than "context"',
        `at most ${context}`,
      ),
    );
  }
  const tools = HOSTED_TOOLS.map((tool) => ['tools', tool]);
  for (const key of [...PRICE_KEYS.map((key) => [key]), ...tools])
    drafts.push(...wholeMicros(inventory, row, ['price', ...key]));
  return drafts;
}

function wholeMicros(inventory: Inventory, row: Row, path: readonly string[]): Draft[] {
  const price = numberOf(valueAt(row.value, path));
  if (price === undefined || price < 0 || isWholeMicros(price)) return [];
  const message = `"${path.at(-1)}" has more than 6 decimals`;
  return [fault(inventory, [...row.path, ...path], message, 'a whole number of micro-dollars')];
}

/** Decimal fractions are not exact in a double, so the test is whether the nearest micro-dollar is the same number. */
function isWholeMicros(usd: number): boolean {
  return Math.round(usd * 1e6) / 1e6 === usd;
}

function somethingToRoute(inventory: Inventory): Draft[] {
  const any = inventory.providers.some((row) => row.value['allow_any_model'] === true);
  const models = valueAt(inventory.data, ['models']);
  if (
    any ||
    inventory.providers.length === 0 ||
    (models !== undefined && (!Array.isArray(models) || models.length > 0))
  )
    return [];
  const draft = fault(
    inventory,
    ['models'],
    'there is no model to route to',
    'at least one model, or a provider with "allow_any_model: true"',
  );
  return [models === undefined ? { ...draft, kind: 'absent' } : draft];
}

function listenHost(inventory: Inventory): Draft[] {
  const path = ['listen', 'host'];
  const host = textOf(valueAt(inventory.data, path));
  if (host === undefined || isHost(host)) return [];
  const expected = 'an IP address of this machine, such as 127.0.0.1, 0.0.0.0 or ::, or the name of a host';
  return [fault(inventory, path, '"host" is neither an IP address nor the name of a host', expected)];
}

const DATABASE_URL = 'postgres://user:password@host:port/database';

function store(inventory: Inventory): Draft[] {
  const type = valueAt(inventory.data, ['store', 'type']) ?? 'sqlite';
  const path = ['store', 'url'];
  if (type === 'postgres' && valueAt(inventory.data, path) === undefined) {
    return [{ ...fault(inventory, path, '"url" is missing', `${DATABASE_URL}, as \${ENV}`), kind: 'absent' }];
  }
  const url = textOf(valueAt(inventory.data, path));
  if (type === 'postgres' && url !== undefined && !isDatabaseUrl(url)) {
    const expected = `${DATABASE_URL}; in user and password, write @ : / ? # % as %40 %3A %2F %3F %23 %25`;
    return [fault(inventory, path, '"url" is not an address of a database', expected, { secret: true })];
  }
  if (type !== 'sqlite') return [];
  return ['url', 'seal_key'].flatMap((key) => {
    if (valueAt(inventory.data, ['store', key]) === undefined) return [];
    const problem = `"${key}" belongs to type postgres only`;
    return [fault(inventory, ['store', key], problem, `no "${key}" here, or type: postgres`, { part: 'key' })];
  });
}
