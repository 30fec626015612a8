import { type DataSealer, systemClock, systemTimers } from '@atp-router/adapters';
import { Knowledge, MIN_SAMPLES } from '@atp-router/consensus';
import type { AtpError } from '@atp-router/kernel';
import type { LedgerHandle } from '../../ledger-handle.ts';
import type { EventBus } from '../../observe/event-bus.ts';
import type { Embeddings } from '../embeddings.ts';
import { ReconcilerRoom } from '../reconciler-room.ts';
import { FeedbackDesk } from './feedback-desk.ts';
import { KnowledgeKeeper } from './keeper.ts';

/** What one process knows of who answers, and how it comes by it. */
export interface Learning {
  readonly knowledge: Knowledge;
  readonly keeper: KnowledgeKeeper;
  readonly feedback: FeedbackDesk;
  readonly reconciler: ReconcilerRoom;
}

export interface LearningParts {
  readonly ledger: Pick<LedgerHandle, 'journal' | 'learned'>;
  readonly bus: EventBus;
  readonly sealer: DataSealer;
  readonly embeddings: Embeddings;
  readonly hash: (text: string) => string;
  readonly every_ms: number | undefined;
  readonly onProblem: (problem: AtpError) => void;
}

/** Often enough that workers hardly differ; a state is some hundred kilobytes at most. */
const EVERY_MS = 15_000;

/** Reads what was learned before. Call it before the first call is taken. */
export async function openLearning(parts: LearningParts): Promise<Learning> {
  const { ledger, bus, sealer, embeddings, hash, every_ms = EVERY_MS, onProblem } = parts;
  const knowledge = new Knowledge({ min_samples: MIN_SAMPLES });
  const written = (): Promise<void> => bus.written();
  const keeper = new KnowledgeKeeper({
    ...{ knowledge, store: ledger.learned, written, clock: systemClock, timers: systemTimers, every_ms, onProblem },
    place: () => {
      const { epoch, seq } = ledger.journal.stats();
      return { epoch, seq };
    },
  });
  await keeper.restore();
  bus.listen((event) => keeper.observe(event));
  const hashOfKey = (call_id: string, key: string): string => hash(`${call_id}\n${key}`);
  const reconciler = new ReconcilerRoom({
    ...{ knowledge, embeddings, log: bus, clock: systemClock },
    seal: (call_id, keys) => sealer.seal(Buffer.from(JSON.stringify(keys.map((key) => hashOfKey(call_id, key))))),
  });
  const feedback = new FeedbackDesk({
    ...{ store: ledger.learned, append: (event) => bus.append(event), written, clock: systemClock, hash, hashOfKey },
    // What opens was sealed by a router: it is authenticated.
    open: (sealed) => JSON.parse(Buffer.from(sealer.open(sealed)).toString()) as string[],
  });
  return { knowledge, keeper, feedback, reconciler };
}
