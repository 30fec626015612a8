import { randomInt } from 'node:crypto';
import { type Config, systemClock, systemTimers } from '@atp-router/adapters';
import { type AliasTable, aliasTable, Knowledge } from '@atp-router/consensus';
import { learnerOf } from '@atp-router/routing';
import { AutoRouter } from '../../auto/auto-router.ts';
import type { AtpError } from '@atp-router/kernel';
import type { LedgerHandle } from '../../ledger-handle.ts';
import type { EventBus } from '../../observe/event-bus.ts';
import type { RouterOptions } from '../../options.ts';
import type { Seat } from '../../processes/seat.ts';
import { dataSealer } from '../../shared/sealer.ts';
import type { Embeddings } from '../embeddings.ts';
import { ReconcilerRoom } from '../reconciler-room.ts';
import { FeedbackDesk } from './feedback-desk.ts';
import { KnowledgeKeeper } from './keeper.ts';
import { consensusSubject } from './lessons.ts';
import type { Learning } from './learning.ts';

/** Often enough that workers hardly differ; a state is some hundred kilobytes at most. */
const EVERY_MS = 15_000;

export interface LearningParts {
  readonly embeddings: Embeddings;
  /** The configuration in force. */
  readonly current: () => Config;
}

/** Reads what was learned before. Call it before the first call is taken. */
export async function openLearning(
  { pace, onProblem: onAny }: Pick<RouterOptions, 'pace' | 'onProblem'>,
  { config, secrets }: Pick<Seat, 'config' | 'secrets'>,
  ledger: Pick<LedgerHandle, 'journal' | 'learned'>,
  bus: EventBus,
  { embeddings, current }: LearningParts,
  hash: (text: string) => string,
): Promise<Learning> {
  const every_ms = pace?.learned_ms ?? EVERY_MS;
  const sealer = dataSealer(config, secrets);
  const onProblem = (problem: AtpError): void => onAny?.('projection', problem);
  const { half_life_hours, min_samples } = config.consensus.reputation;
  // A tick is an hour.
  const knowledge = new Knowledge({ min_samples, half_life_ticks: half_life_hours });
  const written = (): Promise<void> => bus.written();
  const { learner: kind, seed = randomInt(2 ** 31) } = config.routing;
  const learner = learnerOf(kind, seed, secrets.node_id);
  const auto = new AutoRouter(learner, sharesOf(current), config.workers);
  const keeper = new KnowledgeKeeper({
    subjects: [consensusSubject(knowledge), auto],
    ...{ store: ledger.learned, written, clock: systemClock, timers: systemTimers, every_ms, onProblem },
    place: () => {
      const { epoch, seq } = ledger.journal.stats();
      return { epoch, seq };
    },
  });
  await keeper.restore();
  auto.tellDrifts((event) => bus.append(event));
  bus.listen((event) => keeper.observe(event));
  const hashOfKey = (call_id: string, key: string): string => hash(`${call_id}\n${key}`);
  const reconciler = new ReconcilerRoom({
    ...{ knowledge, embeddings, clock: systemClock, aliases: aliasesOf(current) },
    seal: (call_id, keys) => sealer.seal(Buffer.from(JSON.stringify(keys.map((key) => hashOfKey(call_id, key))))),
  });
  const feedback = new FeedbackDesk({
    ...{ store: ledger.learned, append: (event) => bus.append(event), written, clock: systemClock, hash, hashOfKey },
    // What opens was sealed by a router: it is authenticated.
    open: (sealed) => JSON.parse(Buffer.from(sealer.open(sealed)).toString()) as string[],
  });
  return { knowledge, keeper, feedback, reconciler, chooser: auto };
}

/** The table of the configuration in force. */
function aliasesOf(current: () => Config): () => AliasTable {
  return ofEach(current, ({ consensus }) => aliasTable(consensus.aliases));
}

/** Whether what is learned of a tenant's calls counts for others that share, in the configuration in force. */
function sharesOf(current: () => Config): (tenant: string) => boolean {
  const sharing = ofEach(
    current,
    ({ tenants }) => new Set(tenants.flatMap(({ id, share_learning }) => (share_learning ? [id] : []))),
  );
  return (tenant) => sharing().has(tenant);
}

/** What is made of the configuration in force, once for each. */
function ofEach<T>(current: () => Config, make: (config: Config) => T): () => T {
  let made: { readonly of: Config; readonly value: T } | undefined;
  return () => {
    const of = current();
    if (made?.of !== of) made = { of, value: make(of) };
    return made.value;
  };
}
