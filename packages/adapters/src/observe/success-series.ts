import { type Counter, Lazy } from './instruments.ts';
import type { MetricRegistry } from './registry.ts';

/** Money is summed in nano-dollars, and told in micro-dollars. */
const NANOS_PER_MICRO = 1_000;

/** What came of one check: it took too long (`slow`), had nothing to say (`none`), or could not be made (`fault`). */
type CheckResult = 'pass' | 'fail' | 'slow' | 'none' | 'fault';

/**
 * What came of an answer that was to be judged: a word (`judged`), something else than one (`unread`), a failure of the judge
 * (`failed`); it was not asked for a budget, a limit or an operator (`refused`), for it may not see it (`withheld`), for it gave the
 * answer itself (`own`), for too many wait (`queue`) or are copied (`busy`), or for it is no whole text (`unreadable`), or too long.
 */
export type JudgedOutcome =
  | 'judged'
  | 'unread'
  | 'failed'
  | 'refused'
  | 'withheld'
  | 'own'
  | 'queue'
  | 'busy'
  | 'unreadable'
  | 'long';

/** Metrics of what is known of answers without anybody's word. */
export class SuccessSeries {
  readonly #checks: Lazy<Lazy<Counter>>;
  readonly #left_out: Lazy<Counter>;
  readonly #signals: Lazy<Counter>;
  readonly #judged: Lazy<Counter>;
  readonly #judge_cost: Counter;
  readonly #agreed: Lazy<Lazy<Lazy<Counter>>>;

  constructor(registry: MetricRegistry) {
    const checks = registry.counter({
      ...{ name: 'atp_success_checks_total', labels: ['kind', 'result'] },
      help: 'Checks of answers that `auto` has chosen for: `pass`, `fail` (worth less than a half), `slow` (took longer than it may, says nothing), `none` (says nothing of such an answer), `fault`.',
    });
    this.#checks = new Lazy((kind) => new Lazy((result) => checks.series(kind, result)));
    const left_out = registry.counter({
      ...{ name: 'atp_success_left_out_total', labels: ['reason'] },
      help: 'Answers that were to be checked and were not: `busy` or `queue` (too many at a time), `unreadable` (no answer can be read, or it is too long).',
    });
    this.#left_out = new Lazy((reason) => left_out.series(reason));
    const signals = registry.counter({
      ...{ name: 'atp_success_signals_total', labels: ['kind'] },
      help: 'What clients said of an answer by what they did, of tenants with `implicit_signals`: `retry` and `regenerated` (the same was asked again), `corrected`, `followed` (the conversation went on), `left` (hung up while it came), `stayed`.',
    });
    this.#signals = new Lazy((kind) => signals.series(kind));
    const judged = registry.counter({
      ...{ name: 'atp_success_judged_total', labels: ['outcome'] },
      help: 'Answers that were sampled for the judge: `judged`, `unread` (it said no number in the form), `failed`, `refused` (budget, limit or kill switch), `withheld` (it may not see it), `own` (it gave the answer itself), `queue` or `busy` (too many at a time), `unreadable` (no whole text), `long`.',
    });
    this.#judged = new Lazy((outcome) => judged.series(outcome));
    this.#judge_cost = registry
      .counter({
        ...{ name: 'atp_success_judge_cost_usd_micros_total', labels: [], divisor: NANOS_PER_MICRO },
        help: 'Cost of the judge, in millionths of a US dollar.',
      })
      .series();
    const agreed = registry.counter({
      ...{ name: 'atp_success_agreement_total', labels: ['source', 'judge_right', 'said_right'] },
      help: 'Answers of which the judge and somebody else have said something, by whether each took them for more right than wrong; `source`: `person`, `signal`, or `validator:<kind>`. Agreement and kappa follow.',
    });
    this.#agreed = new Lazy((source) => new Lazy((judge) => new Lazy((said) => agreed.series(source, judge, said))));
  }

  checked(kind: string, result: CheckResult): void {
    this.#checks.get(kind).get(result).inc();
  }

  signalled(kind: string): void {
    this.#signals.get(kind).inc();
  }

  judged(outcome: JudgedOutcome): void {
    this.#judged.get(outcome).inc();
  }

  judgeCost(usd_nanos: number): void {
    this.#judge_cost.inc(usd_nanos);
  }

  agreed(source: string, judge_right: boolean, said_right: boolean): void {
    this.#agreed
      .get(source)
      .get(judge_right ? 'yes' : 'no')
      .get(said_right ? 'yes' : 'no')
      .inc();
  }

  leftOut(reason: 'busy' | 'queue' | 'unreadable'): void {
    this.#left_out.get(reason).inc();
  }
}
