import {
  type AliasTable,
  checkAnswer,
  checkFinding,
  type Document,
  DocumentIndex,
  type EvidenceCheck,
  type FanoutPlan,
  type Finding,
  hashedEmbedder,
  type Knowledge,
  overPrepared,
  PreparedVectors,
  readAnswer,
  readFindings,
  ScoreTable,
  type Selected,
  selectMembers,
  strategyOf,
  type StrategyTools,
  Vectors,
  type VectorSource,
} from '@atp-router/consensus';
import { type Clock, seededRng } from '@atp-router/kernel';
import type { ConsensusLearned } from '@atp-router/ledger';
import type { Embeddings } from './embeddings.ts';
import { learnedEvent } from './learn/learned-event.ts';
import { tickOf } from './learn/tick.ts';
import type {
  Choosing,
  OverSession,
  ReadFindings,
  Reconciler,
  SessionCall,
  SessionTools,
  TaskOf,
} from './reconciler.ts';

export interface RoomParts {
  /** Of names in findings, as the configuration in force has them. */
  readonly aliases: () => AliasTable;
  readonly knowledge: Knowledge;
  readonly embeddings: Pick<Embeddings, 'open'>;
  readonly clock: Clock;
  /** Seals hashes of answers, which a label is held against later. */
  readonly seal: (call_id: string, keys: readonly string[]) => string;
}

/** How a router reads and reconciles answers, and what it knows of who gives them. */
export class ReconcilerRoom implements Reconciler {
  readonly #parts: RoomParts;
  readonly #hashed = hashedEmbedder();

  constructor(parts: RoomParts) {
    this.#parts = parts;
  }

  open(call: SessionCall, plan: FanoutPlan, documents: readonly Document[]): SessionTools {
    const aliases = this.#parts.aliases();
    const read: ReadFindings = (text, from) => readFindings(text, from, aliases).findings;
    const opened = this.#parts.embeddings.open(call, plan, read);
    const tools = this.#over(call.head, plan, documents, opened.vectors);
    return { ...tools, embedding: 'embedding' in opened ? opened.embedding : undefined };
  }

  again(of: TaskOf, plan: FanoutPlan): SessionTools {
    return this.#over(of, plan, [], new Vectors(this.#hashed));
  }

  #over(
    { task_type, policy = '' }: TaskOf,
    plan: FanoutPlan,
    documents: readonly Document[],
    vectors: VectorSource,
  ): SessionTools {
    const { knowledge } = this.#parts;
    const aliases = this.#parts.aliases();
    const index = new DocumentIndex(documents, aliases);
    const scores = knowledge.sum.policy(policy)?.scores ?? new ScoreTable();
    const tools: StrategyTools = { vectors, aliases, scores, cluster: task_type };
    return {
      vectors,
      standing: knowledge.standing(policy, plan, task_type, this.#tick),
      read: (text, from) => readAnswer(text, from, plan.strategy.answer, aliases),
      strategy: (kind) => {
        const strategy = strategyOf(kind, tools);
        return vectors instanceof PreparedVectors ? overPrepared(strategy, vectors) : strategy;
      },
      citations: (said) => checkAnswer(said, index).good_share,
    };
  }

  lesson(over: OverSession): ConsensusLearned {
    const { clock, seal } = this.#parts;
    const { head, plan, documents } = over;
    const { vectors } = over.tools;
    // What others would have said changes nothing of what the session was.
    const own = vectors instanceof PreparedVectors ? vectors.copy() : vectors;
    const tools = this.#over(head, plan, documents, own);
    return learnedEvent(over, tools, clock.now_ms(), (keys) => seal(head.call_id, keys));
  }

  /** The same for the same call and the same knowledge. The best are given whom it has to be best for: gold is no place to try. */
  select(plan: FanoutPlan, { call_id, task_type, qos }: Choosing): Selected {
    const { select, members } = plan;
    if (select === undefined) return { members, why: [] };
    const { knowledge } = this.#parts;
    const tick = this.#tick;
    const worth = (source: string): number => knowledge.estimate(source, task_type, tick).worth_low;
    const explore = qos === 'gold' ? 0 : select.explore;
    return selectMembers(members, { top: select.top, explore }, worth, seededRng(seedOf(call_id)));
  }

  checker(documents: readonly Document[]): (finding: Finding) => EvidenceCheck {
    const index = new DocumentIndex(documents, this.#parts.aliases());
    return (finding) => checkFinding(finding, index);
  }

  get #tick(): number {
    return tickOf(this.#parts.clock.now_ms());
  }
}

/** FNV-1a over UTF-16 units, 32 bits: ids of calls are short and random. */
function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
