import { type Counter, Lazy } from './instruments.ts';
import type { MetricRegistry } from './registry.ts';

/** What came of one check: it took too long (`slow`), had nothing to say (`none`), or could not be made (`fault`). */
type CheckResult = 'pass' | 'fail' | 'slow' | 'none' | 'fault';

/** Metrics of what is known of answers without anybody's word. */
export class SuccessSeries {
  readonly #checks: Lazy<Lazy<Counter>>;
  readonly #left_out: Lazy<Counter>;
  readonly #signals: Lazy<Counter>;

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
      help: 'What the next request of a client said of an answer, of tenants with `implicit_signals`: `retry` and `regenerated` (the same was asked again), `corrected`, `followed` (the conversation went on).',
    });
    this.#signals = new Lazy((kind) => signals.series(kind));
  }

  checked(kind: string, result: CheckResult): void {
    this.#checks.get(kind).get(result).inc();
  }

  signalled(kind: string): void {
    this.#signals.get(kind).inc();
  }

  leftOut(reason: 'busy' | 'queue' | 'unreadable'): void {
    this.#left_out.get(reason).inc();
  }
}
