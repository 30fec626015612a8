import type {
  AttemptRow,
  BudgetDay,
  ClaimedFeedback,
  ConsensusFilter,
  ConsensusPage,
  ConsensusRecord,
  ConsensusLearned,
  ConsensusStore,
  EntityKind,
  EntityRow,
  EntityStore,
  IdempotencyRow,
  KillRow,
  LearnedRow,
  LearnedState,
  RouteDecided,
  RouteFeedback,
  RouteDay,
  SavingsStore,
  ShadowCompared,
  ShadowStore,
  LearnedStore,
  UsageDayFilter,
  UsageFilter,
  UsageGroup,
  UsagePage,
  UsageRow,
  UsageStore,
  UsageSum,
} from '@atp-router/ledger';
import type { RecentEvent, SqlDriver } from '../sql/index.ts';
import {
  findClaim,
  readBudgets,
  readEvents,
  sqlConsensusStore,
  sqlEntityStore,
  sqlLearnedStore,
  sqlSavingsStore,
  sqlShadowStore,
  sqlUsageStore,
} from '../sql/index.ts';

/** What may be asked of the tables: arguments and answer of each question. All of it can cross threads. */
export interface Questions {
  'usage.list': {
    readonly args: readonly [UsageFilter, { readonly limit: number; readonly after?: string }];
    readonly answer: UsagePage;
  };
  'usage.get': { readonly args: readonly [call_id: string]; readonly answer: UsageRow | undefined };
  'usage.attempts': { readonly args: readonly [call_id: string]; readonly answer: readonly AttemptRow[] };
  'usage.sums': {
    readonly args: readonly [UsageDayFilter, readonly UsageGroup[]];
    readonly answer: readonly UsageSum[];
  };
  'consensus.list': {
    readonly args: readonly [ConsensusFilter, { readonly limit: number; readonly after?: string }];
    readonly answer: ConsensusPage;
  };
  'consensus.get': { readonly args: readonly [call_id: string]; readonly answer: ConsensusRecord | undefined };
  'learned.session': { readonly args: readonly [call_id: string]; readonly answer: ConsensusLearned | undefined };
  'learned.route': { readonly args: readonly [call_id: string]; readonly answer: RouteDecided | undefined };
  'learned.drifts': {
    readonly args: Parameters<LearnedStore['drifts']>;
    readonly answer: Awaited<ReturnType<LearnedStore['drifts']>>;
  };
  'learned.routes': {
    readonly args: readonly [limit: number];
    readonly answer: readonly (RouteDecided | RouteFeedback)[];
  };
  'learned.words': { readonly args: readonly [call_id: string]; readonly answer: readonly RouteFeedback[] };
  'learned.own': { readonly args: readonly []; readonly answer: LearnedState | undefined };
  'learned.others': {
    readonly args: Parameters<LearnedStore['others']>;
    readonly answer: readonly LearnedState[];
  };
  'learned.after': { readonly args: Parameters<LearnedStore['after']>; readonly answer: readonly LearnedRow[] };
  'learned.put': { readonly args: Parameters<LearnedStore['put']>; readonly answer: undefined };
  'learned.claim': { readonly args: Parameters<LearnedStore['claim']>; readonly answer: ClaimedFeedback };
  'savings.sums': { readonly args: Parameters<SavingsStore['sums']>; readonly answer: readonly RouteDay[] };
  'shadows.of': { readonly args: Parameters<ShadowStore['of']>; readonly answer: readonly ShadowCompared[] };
  'entities.list': { readonly args: readonly [EntityKind]; readonly answer: readonly EntityRow[] };
  'entities.get': { readonly args: readonly [EntityKind, id: string]; readonly answer: EntityRow | undefined };
  'entities.kills': { readonly args: readonly []; readonly answer: readonly KillRow[] };
  /** One idempotency key with its stored outcome. */
  'claims.find': { readonly args: readonly [scope_hash: string]; readonly answer: IdempotencyRow | undefined };
  /** Totals of one UTC day. */
  'budgets.day': { readonly args: readonly [day: string]; readonly answer: readonly BudgetDay[] };
  /** The operators' log, newest first. */
  'events.recent': { readonly args: readonly [limit: number]; readonly answer: readonly RecentEvent[] };
}

export type QuestionName = keyof Questions;

type Answerers = {
  readonly [name in QuestionName]: (...args: Questions[name]['args']) => Promise<Questions[name]['answer']>;
};

/** Answers questions from the tables. */
export interface Answers {
  ask<N extends QuestionName>(name: N, ...args: Questions[N]['args']): Promise<Questions[N]['answer']>;
}

export function answersFrom(driver: SqlDriver, node_id: string): Answers {
  const usage = sqlUsageStore(driver);
  const consensus = sqlConsensusStore(driver);
  const learned = sqlLearnedStore(driver, node_id);
  const savings = sqlSavingsStore(driver);
  const shadows = sqlShadowStore(driver);
  const entities = sqlEntityStore(driver, node_id);
  const answerers: Answerers = {
    'usage.list': usage.list,
    'usage.get': usage.get,
    'usage.attempts': usage.attempts,
    'usage.sums': usage.sums,
    'consensus.list': consensus.list,
    'consensus.get': consensus.get,
    'learned.session': learned.session,
    'learned.route': learned.route,
    'learned.drifts': learned.drifts,
    'learned.routes': learned.routes,
    'learned.words': learned.words,
    'learned.own': learned.own,
    'learned.others': learned.others,
    'learned.after': learned.after,
    'learned.put': async (state, now_ms) => {
      await learned.put(state, now_ms);
      return undefined;
    },
    'learned.claim': learned.claim,
    'savings.sums': savings.sums,
    'shadows.of': shadows.of,
    'entities.list': entities.list,
    'entities.get': entities.get,
    'entities.kills': entities.kills,
    'claims.find': (scope_hash) => findClaim(driver, node_id, scope_hash),
    'budgets.day': (day) => readBudgets(driver, day),
    'events.recent': (limit) => readEvents(driver, node_id, limit),
  };
  return {
    ask(name, ...args) {
      return answerers[name](...args);
    },
  };
}

/** The read stores over anything that answers questions. */
export function usageStoreFrom(answers: Answers): UsageStore {
  return {
    list: (filter, page) => answers.ask('usage.list', filter, page),
    get: (call_id) => answers.ask('usage.get', call_id),
    attempts: (call_id) => answers.ask('usage.attempts', call_id),
    sums: (filter, group_by) => answers.ask('usage.sums', filter, group_by),
  };
}

export function consensusStoreFrom(answers: Answers): ConsensusStore {
  return {
    list: (filter, page) => answers.ask('consensus.list', filter, page),
    get: (call_id) => answers.ask('consensus.get', call_id),
  };
}

export function learnedStoreFrom(answers: Answers): LearnedStore {
  return {
    session: (call_id) => answers.ask('learned.session', call_id),
    route: (call_id) => answers.ask('learned.route', call_id),
    routes: (limit) => answers.ask('learned.routes', limit),
    drifts: (model, from_ms) => answers.ask('learned.drifts', model, from_ms),
    words: (call_id) => answers.ask('learned.words', call_id),
    own: () => answers.ask('learned.own'),
    others: (known) => answers.ask('learned.others', known),
    after: (place, limit) => answers.ask('learned.after', place, limit),
    put: (state, now_ms) => answers.ask('learned.put', state, now_ms),
    claim: (feedback) => answers.ask('learned.claim', feedback),
  };
}

export function shadowStoreFrom(answers: Answers): ShadowStore {
  return { of: (model, from_ms, limit) => answers.ask('shadows.of', model, from_ms, limit) };
}

export function savingsStoreFrom(answers: Answers): SavingsStore {
  return { sums: (filter, group_by) => answers.ask('savings.sums', filter, group_by) };
}

export function entityStoreFrom(answers: Answers): EntityStore {
  return {
    list: (kind) => answers.ask('entities.list', kind),
    get: (kind, id) => answers.ask('entities.get', kind, id),
    kills: () => answers.ask('entities.kills'),
  };
}
