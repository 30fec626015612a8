import type { JudgedOutcome, SuccessSeries } from '@atp-router/adapters';
import type { Rng } from '@atp-router/kernel';
import type { CallEnded, RouterEvent } from '@atp-router/ledger';
import { JUDGE, JUDGED_CHARS_MAX, type Live, type ModelEntry } from '@atp-router/routing';
import type { Ambient, EventLog } from '../engine/ports.ts';
import type { CallRequest } from '../engine/request.ts';
import type { Generation } from '../generation/generation.ts';
import { JUDGED_AT_ONCE } from '../generation/own-tenants.ts';
import type { Watched } from '../lifecycle/shadow/trials.ts';
import { type ChosenAnswer, ChosenAnswers } from './chosen-answers.ts';
import { canJudge, judgeFor } from './judge-eligible.ts';
import { type JudgeEnd, judgeRequest } from './judge-request.ts';
import { wordOn } from './word-on.ts';
import type { Words } from './words.ts';

/** Answers that wait for it, each of at most 256 KiB with what was asked. */
const WAITING_MAX = 64;

export interface JudgeParts {
  readonly ambient: Pick<Ambient, 'clock' | 'call_ids'> & { readonly rng: Rng };
  readonly log: EventLog;
  readonly live: Live;
  readonly generation: () => Generation;
  readonly submit: (request: CallRequest) => void;
  readonly series: Pick<SuccessSeries, 'judged' | 'judgeCost'>;
  readonly words: Pick<Words, 'hasPerson'>;
  /** Letters and digits that nobody can guess. */
  readonly nonce: () => string;
}

type Answer = ChosenAnswer<true>;

/**
 * Shows a sample of what `auto` was answered to a judge, when the client has it. Its call is an ordinary one of the operator's own
 * account: record, cost and limits are its own. What it says is a word on the answer; what was said is in memory until then, and
 * nowhere else.
 */
export class Judge {
  readonly #parts: JudgeParts;
  readonly #answers: ChosenAnswers<true>;
  readonly #waiting: Answer[] = [];
  /** Calls of the judge that are under way, with their records when they have ended. */
  readonly #asked: Map<string, CallEnded | undefined> = new Map();

  constructor(parts: JudgeParts) {
    this.#parts = parts;
    this.#answers = new ChosenAnswers({
      leftOut: (reason) => parts.series.judged(reason),
      ready: (answer) => this.#enqueue(answer),
    });
  }

  /** Undefined for most: nobody judges, or it is not sampled. */
  watch(request: CallRequest, { routing: { judge } }: Generation): Watched | undefined {
    if (judge === undefined || judge.sample === 0 || !canJudge(request)) return undefined;
    if (this.#parts.ambient.rng.next() >= judge.sample) return undefined;
    return this.#answers.watch(request, (call) => {
      if (this.#judgeOf(call)?.model !== undefined) return true;
      this.#parts.series.judged('withheld');
      return undefined;
    });
  }

  /** Sees all events. */
  observe(event: RouterEvent): void {
    if (event.type === 'call.ended' && this.#asked.has(event.call_id)) {
      this.#asked.set(event.call_id, event);
      this.#parts.series.judgeCost(event.cost_usd_nanos);
    } else this.#answers.observe(event);
  }

  #judgeOf(
    call: Answer['call'],
  ): { config: NonNullable<Generation['routing']['judge']>; model: ModelEntry } | undefined {
    const { live, generation, ambient } = this.#parts;
    const now = generation();
    const config = now.routing.judge;
    const model = config && judgeFor(call, config, now, live, ambient.clock.mono_ms());
    return config === undefined || model === undefined ? undefined : { config, model };
  }

  #enqueue(answer: Answer): void {
    const unfit = this.#unfit(answer);
    if (unfit !== undefined) this.#parts.series.judged(unfit);
    else {
      this.#waiting.push(answer);
      this.#next();
    }
  }

  #unfit({ request, said }: Answer): JudgedOutcome | undefined {
    if (said.finish !== 'stop' || said.text === '') return 'unreadable';
    const chars = said.text.length + request.prompt.ascii_bytes + request.prompt.other_bytes;
    if (chars > JUDGED_CHARS_MAX) return 'long';
    return this.#waiting.length >= WAITING_MAX ? 'queue' : undefined;
  }

  #next(): void {
    while (this.#asked.size < JUDGED_AT_ONCE) {
      const answer = this.#waiting.shift();
      if (answer === undefined) return;
      this.#ask(answer);
    }
  }

  #ask(answer: Answer): void {
    const { ambient, submit, series, generation, nonce } = this.#parts;
    const { request, call, decided, said } = answer;
    // Much may have changed while it waited.
    const judge = this.#judgeOf(call);
    if (judge === undefined || call.seen === undefined) {
      series.judged('withheld');
      return;
    }
    const { model, config } = judge;
    const taken = generation().registry.lookup(decided.lesson.taken ?? '');
    if (taken?.kind === 'model' && taken.model.target_key === model.target_key) {
      series.judged('own');
      return;
    }
    const { rubric, weight } = config;
    const of = { of: request, facts: call.seen.facts, answer: said.text, rubric, nonce: nonce() };
    const asked = judgeRequest(of, model, ambient, (call_id, end) => {
      const ended = this.#asked.get(call_id);
      this.#asked.delete(call_id);
      if (end.kind === 'word') void this.#tell(answer, model.id, end.right, weight);
      series.judged(outcomeOf(end, ended));
      this.#next();
    });
    this.#asked.set(asked.call_id, undefined);
    submit(asked);
  }

  /** Where a person has said something, the word is on record, and not learned of. */
  async #tell({ decided }: Answer, model: string, right: number, weight: number): Promise<void> {
    const { log, ambient, words } = this.#parts;
    const stands_below = await words.hasPerson(decided.call_id);
    const word = { by: `${JUDGE}${model}`, right, weight: stands_below ? 0 : weight };
    log.append(wordOn(decided, word, ambient.clock.now_ms()));
  }
}

/** `refused`: it was not asked, for a budget, a limit or an operator. */
function outcomeOf(end: JudgeEnd, ended: CallEnded | undefined): JudgedOutcome {
  if (end.kind === 'failed') return ended === undefined ? 'refused' : 'failed';
  return end.kind === 'word' ? 'judged' : 'unread';
}
