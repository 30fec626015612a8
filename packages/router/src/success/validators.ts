import type { SuccessSeries } from '@atp-router/adapters';
import type { Clock } from '@atp-router/kernel';
import type { RouterEvent } from '@atp-router/ledger';
import { type Check, type CheckedAnswer, type CheckSaid, checkScore, verdictOf } from '@atp-router/routing';
import type { EventLog } from '../engine/ports.ts';
import { type CallRequest, canCompare } from '../engine/request.ts';
import type { Generation } from '../generation/generation.ts';
import type { Watched } from '../lifecycle/shadow/trials.ts';
import { checksOf, schemaOf } from './checks-of.ts';
import type { CommandChecks } from './command-checks.ts';
import { type ChosenAnswer, ChosenAnswers } from './chosen-answers.ts';
import { wordOn } from './word-on.ts';

/** Answers that wait to be checked. */
const QUEUE_MAX = 256;

export interface ValidatorParts {
  readonly clock: Clock;
  readonly log: EventLog;
  readonly series: Pick<SuccessSeries, 'checked' | 'leftOut'>;
  readonly commands: Pick<CommandChecks, 'said'>;
  /** Runs something when the event loop has nothing more urgent. */
  readonly later: (run: () => void) => void;
}

/** An answer with what it is held against. */
type Ready = ChosenAnswer<readonly Check[]>;

/**
 * Holds answers that `auto` has chosen for against what the operator has of them, when clients have them, one at a time. What
 * is found is a word on the call that counts less than a person's. No word of an answer is kept.
 */
export class Validators {
  readonly #parts: ValidatorParts;
  readonly #answers: ChosenAnswers<readonly Check[]>;
  #queue: Ready[] = [];
  #working = false;

  constructor(parts: ValidatorParts) {
    this.#parts = parts;
    this.#answers = new ChosenAnswers({
      leftOut: (reason) => parts.series.leftOut(reason),
      ready: (answer) => this.#enqueue(answer),
    });
  }

  /** Undefined for all calls where nothing is to be checked. */
  watch(request: CallRequest, { routing: { validators } }: Generation): Watched | undefined {
    if (validators.length === 0 || !canCompare(request)) return undefined;
    return this.#answers.watch(request, ({ head }) => {
      const checks = checksOf(validators, head);
      return checks.length === 0 ? undefined : checks;
    });
  }

  /** Sees all events. */
  observe(event: RouterEvent): void {
    this.#answers.observe(event);
  }

  #enqueue(ready: Ready): void {
    const { series, later } = this.#parts;
    if (this.#queue.length >= QUEUE_MAX) {
      series.leftOut('queue');
      return;
    }
    this.#queue.push(ready);
    if (this.#working) return;
    this.#working = true;
    later(() => this.#next());
  }

  #next(): void {
    const ready = this.#queue.shift();
    if (ready !== undefined) this.#do(ready);
    this.#working = this.#queue.length > 0;
    if (this.#working) this.#parts.later(() => this.#next());
  }

  #do(ready: Ready): void {
    const { of: checks } = ready;
    const answer = checkedOf(ready);
    const said = checks.flatMap((check) => (check.kind === 'command' ? [] : this.#said(check, answer)));
    const commands = checks.filter(({ kind }) => kind === 'command');
    if (commands.length === 0) this.#tell(ready, said);
    else void this.#ask(ready, commands, answer, said);
  }

  /** Others are checked meanwhile. */
  async #ask(
    ready: Ready,
    commands: readonly Check[],
    { prompt, answer }: CheckedAnswer,
    said: readonly CheckSaid[],
  ): Promise<void> {
    const { task_type } = ready.decided;
    const asked = commands.map((check) => this.#parts.commands.said(check, { prompt, answer, task_type }));
    this.#tell(ready, [...said, ...(await Promise.all(asked)).flat()]);
  }

  #tell({ decided }: Ready, said: readonly CheckSaid[]): void {
    const { clock, log } = this.#parts;
    const verdict = verdictOf(said);
    if (verdict === undefined) return;
    const { right, weight, by } = verdict;
    log.append(wordOn(decided, { by: `validator:${by.join('+')}`, right, weight }, clock.now_ms()));
  }

  #said(check: Check, answer: CheckedAnswer): readonly CheckSaid[] {
    const { clock, series } = this.#parts;
    const { kind, weight, limit_ms } = check;
    const began_ms = clock.mono_ms();
    let score: number | undefined;
    try {
      score = checkScore(check, answer);
    } catch {
      // What was thrown may quote an answer.
      series.checked(kind, 'fault');
      return [];
    }
    const is_slow = clock.mono_ms() - began_ms > limit_ms;
    series.checked(kind, is_slow ? 'slow' : score === undefined ? 'none' : score < 0.5 ? 'fail' : 'pass');
    return is_slow || score === undefined ? [] : [{ kind, score, weight }];
  }
}

function checkedOf({ request, call, of: checks, said }: Ready): CheckedAnswer {
  const prompt = checks.some(({ kind, with_prompt }) => kind === 'safety' || (kind === 'command' && with_prompt))
    ? request.promptTexts().join('\n')
    : '';
  const schema = schemaOf(checks, request.facet, call);
  return { prompt, answer: said.text, is_cut: said.finish === 'length', schema };
}
