import { RouterMetrics } from '@atp-router/adapters';
import { aliasTable, Knowledge } from '@atp-router/consensus';
import type { Clock } from '@atp-router/kernel';
import { isLearned, type RouterEvent } from '@atp-router/ledger';
import type { EngineParts } from '../../../src/engine/parts.ts';
import { type AnswerKeeper, answerKeeper } from '../../../src/fanout/audit/keeper.ts';
import { Embeddings, type InForce } from '../../../src/fanout/embeddings.ts';
import { consensusSubject } from '../../../src/fanout/learn/lessons.ts';
import { ReconcilerRoom } from '../../../src/fanout/reconciler-room.ts';

export type Sealing = Parameters<typeof answerKeeper>[0];

/** What a router reconciles answers with; it learns from what its journal says, as it does from its files. */
export class Reconciling {
  readonly room: EngineParts['reconciler'];
  readonly answers: AnswerKeeper;
  readonly #knowledge: Knowledge = new Knowledge({ min_samples: 2, half_life_ticks: 24 });

  constructor(clock: Clock, sealer: Sealing, started: InForce['config'], now: () => InForce) {
    const aliases = aliasTable(started.consensus.aliases);
    this.answers = answerKeeper(sealer, () => true);
    this.room = new ReconcilerRoom({
      ...{ knowledge: this.#knowledge, clock, aliases: () => aliases },
      embeddings: new Embeddings(started.embeddings, undefined, now, new RouterMetrics('history').embeddings),
      seal: (call_id, keys) => sealer.seal(Buffer.from(JSON.stringify([call_id, ...keys]))),
    });
  }

  observe(event: RouterEvent): void {
    if (isLearned(event)) consensusSubject(this.#knowledge).take(event);
  }
}
