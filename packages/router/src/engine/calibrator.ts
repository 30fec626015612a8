import type { PromptSize } from '@atp-router/flow';
import { type Usage, ZERO_USAGE } from '@atp-router/kernel';
import type { AttemptRecord } from '@atp-router/ledger';
import type { Attempt } from './attempt.ts';
import type { Faults } from './faults.ts';
import type { EngineParts } from './parts.ts';
import type { Penalties } from './penalties.ts';

/** Of the answers without reported usage, one in so many has its prompt counted exactly. */
const SAMPLE_EVERY = 16;

/** What the calibrator needs of a call. */
export interface CountedCall {
  readonly prompt: PromptSize;
  promptTexts(): readonly string[];
}

/**
 * Teaches the byte model: from reported usage at once, and for providers that report none from an exact count of a
 * sample of prompts, made off the event loop. A lesson that fails is lost, and nothing else: `learn` does not throw.
 */
export class Calibrator {
  readonly #parts: Pick<EngineParts, 'estimator' | 'countTokens'>;
  readonly #faults: Faults;
  readonly #penalties: Penalties;
  #unreported = 0;

  constructor(parts: Pick<EngineParts, 'estimator' | 'countTokens'>, faults: Faults, penalties: Penalties) {
    this.#penalties = penalties;
    this.#parts = parts;
    this.#faults = faults;
  }

  learn(attempt: Attempt, record: AttemptRecord, call: CountedCall, now_ms: number): void {
    try {
      if (record.usage_source === 'reported') {
        this.#observe(attempt, call, record.usage, record.outcome === 'ok', now_ms);
      } else if (record.usage_source === 'counted' && record.outcome === 'ok') {
        this.#sample(attempt, record, call, now_ms);
      }
    } catch (thrown) {
      this.#lost(thrown);
    }
  }

  #sample(attempt: Attempt, record: AttemptRecord, call: CountedCall, now_ms: number): void {
    this.#unreported += 1;
    if (this.#unreported % SAMPLE_EVERY !== 1) return;
    this.#parts
      .countTokens(call.promptTexts())
      .then((in_tokens) => {
        const usage = { ...ZERO_USAGE, in_tokens, out_tokens: record.usage.out_tokens };
        this.#observe(attempt, call, usage, true, now_ms);
      })
      .catch((thrown: unknown) => this.#lost(thrown));
  }

  /** A busy counter says so, and so does a body that was relayed untouched and that the router itself cannot read. */
  #lost(thrown: unknown): void {
    this.#faults.note(thrown);
  }

  #observe(attempt: Attempt, call: CountedCall, usage: Usage, complete: boolean, now_ms: number): void {
    const { spec, reserved_out_tokens } = attempt;
    this.#parts.estimator.observe(
      {
        model: spec.target.model.id,
        size: call.prompt,
        in_tokens: spec.in_tokens,
        out_tokens: reserved_out_tokens,
        usage,
        complete,
      },
      now_ms,
    );
    this.#penalties.judge(spec.target, now_ms);
  }
}
