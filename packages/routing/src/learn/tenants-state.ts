import { isCount, isFlag, isTime, listOf, shapeOf, textOf } from '@atp-router/kernel';
import { areKindRows, type KindRow } from './kind-tallies.ts';
import { LENGTHS_MAX, MODELS_MAX, pairOf, PAIRS_MAX, type TenantLearned } from './learned.ts';
import { isSumsRecord, RegressionSums, type SumsRecord } from './sums.ts';
import { NAME_CHARS_MAX, TENANTS_MAX, type Tenants } from './tenants.ts';

/** Sums of one tenant as JSON. */
export interface TenantState {
  readonly tenant: string;
  /** They are as of this hour. */
  readonly tick: number;
  readonly share: boolean;
  readonly tasks: number;
  readonly told: number;
  readonly models: readonly (SumsRecord & { readonly model: string })[];
  readonly accords: readonly (SumsRecord & { readonly pair: readonly [string, string] })[];
  /** Rows of a model, its topic (-1: all of its answers), answers, tokens, and the sums of their logarithms and the squares of these. */
  readonly lengths: readonly (readonly [string, number, number, number, number, number])[];
  /** Rows of a model, results of it that were looked at, and what was worse and better than expected: sums, and over how many. */
  readonly drifts: readonly (readonly [string, number, number, number, number, number])[];
  /** Absent in states of before kinds of text were told apart. */
  readonly kinds?: readonly KindRow[] | undefined;
}

/** The one that was learned of longest ago first. */
export type TenantsState = readonly TenantState[];

export function tenantsState(tenants: Tenants): TenantsState {
  return [...tenants.entries()].map(([tenant, learned]) => stateOf(tenant, learned));
}

function stateOf(tenant: string, learned: TenantLearned): TenantState {
  const { tick, share, models, accords, lengths, drifts } = learned;
  const kinds = [...learned.kinds.rows()].map(
    ([model, kind, n, right]): KindRow => [model, kind, rounded(n), rounded(right)],
  );
  return {
    ...(kinds.length > 0 && { kinds }),
    ...{ tenant, tick, share, tasks: rounded(learned.tasks), told: rounded(learned.told) },
    models: [...models].sort(byName).map(([model, sums]) => ({ model, ...sums.record() })),
    accords: [...accords].sort(byName).map(([pair, sums]) => ({ pair: namesOf(pair), ...sums.record() })),
    lengths: [...lengths.entries()].map(
      ([model, topic, cell]) =>
        [model, topic ?? -1, rounded(cell.n), rounded(cell.tokens), rounded(cell.logs), rounded(cell.squares)] as const,
    ),
    drifts: [...drifts]
      .sort(byName)
      .map(
        ([model, { seen, worse, better }]) =>
          [model, seen, rounded(worse.sum), worse.n, rounded(better.sum), better.n] as const,
      ),
  };
}

/** Puts them into `tenants`. `state` was found to be one of this many features. */
export function readTenants(state: TenantsState, tenants: Tenants): Tenants {
  for (const { tenant, tick, share, tasks, told, models, accords, lengths, drifts, kinds = [] } of state) {
    const learned = tenants.of(tenant, tick, share);
    learned.tasks = tasks;
    learned.told = told;
    for (const { model, ...sums } of models) learned.models.set(model, RegressionSums.of(sums, learned.dims));
    for (const { pair, ...sums } of accords)
      learned.accords.set(pairOf(...pair), RegressionSums.of(sums, learned.accord_dims));
    for (const [model, topic, n, tokens, logs, squares] of lengths)
      learned.lengths.add(model, topic < 0 ? undefined : topic, { n, tokens, logs, squares });
    for (const [model, kind, n, right] of kinds)
      if (learned.models.has(model)) learned.kinds.add(model, kind, n, right);
    for (const [model, seen, worse, worse_n, better, better_n] of drifts)
      learned.drifts.set(model, { seen, worse: { sum: worse, n: worse_n }, better: { sum: better, n: better_n } });
  }
  return tenants;
}

const isName = textOf(NAME_CHARS_MAX);
const hasTenant = shapeOf({ tenant: isName, tick: isCount, share: isFlag, tasks: isTime, told: isTime });
const hasModel = shapeOf({ model: isName });

/** Whether tasks can have taught these, with features as they are here. */
export function isTenantsState(
  value: unknown,
  dims: number,
  accord_dims: number,
  topics: number,
): value is TenantsState {
  const isModel = (one: unknown): boolean => hasModel(one) && isSumsRecord(one, dims);
  const isAccord = (one: unknown): boolean =>
    isPair((one as { pair?: unknown }).pair) && isSumsRecord(one, accord_dims);
  const isLength = (one: unknown): boolean => isLengthRow(one, topics);
  const isTenant = (one: unknown): boolean => {
    if (!hasTenant(one)) return false;
    const { models, accords, lengths, drifts, kinds } = one as TenantState;
    return (
      listOf(isModel, MODELS_MAX)(models) &&
      listOf((pair) => typeof pair === 'object' && pair !== null && isAccord(pair), PAIRS_MAX)(accords) &&
      listOf(isLength, LENGTHS_MAX)(lengths) &&
      listOf(isDriftRow, MODELS_MAX)(drifts) &&
      areKindRows(kinds, MODELS_MAX, isName)
    );
  };
  return listOf(isTenant, TENANTS_MAX)(value);
}

function isPair(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every(isName);
}

/** Sums of logarithms of as many answers that have so many tokens together: by Jensen's inequality, and by that of Cauchy and Schwarz. */
function isLengthRow(value: unknown, topics: number): boolean {
  if (!Array.isArray(value) || value.length !== 6) return false;
  const [model, topic, ...sums] = value as [unknown, number, ...unknown[]];
  if (!isName(model) || !Number.isSafeInteger(topic) || topic < -1 || topic >= topics) return false;
  if (!sums.every(isTime)) return false;
  const [n, tokens, logs, squares] = sums as [number, number, number, number];
  const room = 1e-5 * (n + logs + squares) + 1e-9;
  return n > 0 && logs <= n * Math.log1p(tokens / n) + room && logs * logs <= n * (squares + room) + room;
}

function isDriftRow(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 6) return false;
  const [model, seen, worse, worse_n, better, better_n] = value as readonly unknown[];
  return isName(model) && [seen, worse_n, better_n].every(isCount) && [worse, better].every(isTime);
}

function namesOf(pair: string): readonly [string, string] {
  const at = pair.indexOf('\n');
  return [pair.slice(0, at), pair.slice(at + 1)];
}

const rounded = (value: number): number => Number(value.toPrecision(7));

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
