import type { ProgramEnd, ProgramRun, SuccessSeries } from '@atp-router/adapters';
import type { Check, CheckedAnswer, CheckSaid } from '@atp-router/routing';

/** Programs at a time in one process: they take processors from calls. */
const RUNNING_MAX = 2;
/** Answers that wait for one. */
const WAITING_MAX = 64;

export interface CommandParts {
  readonly series: Pick<SuccessSeries, 'checked' | 'leftOut'>;
  readonly run: (run: ProgramRun) => Promise<ProgramEnd>;
  /** The only variable that programs see. */
  readonly path: string;
}

/** An answer as a program is told of it. */
export interface CommandAnswer extends Pick<CheckedAnswer, 'prompt' | 'answer'> {
  readonly task_type: string | undefined;
}

/** Holds answers against programs of the operator's, a few at a time. */
export class CommandChecks {
  readonly #parts: CommandParts;
  readonly #waiting: (() => void)[] = [];
  readonly #closing: AbortController = new AbortController();
  #running = 0;

  constructor(parts: CommandParts) {
    this.#parts = parts;
  }

  /** What it says; nothing where it says nothing, or too many wait. Never rejects. */
  async said(check: Check, answer: CommandAnswer): Promise<readonly CheckSaid[]> {
    const { series } = this.#parts;
    const { kind, weight } = check;
    if (!(await this.#turn())) {
      series.leftOut('queue');
      return [];
    }
    const score = await this.#score(check, answer).finally(() => this.#next());
    const is_number = typeof score === 'number';
    series.checked(kind, is_number ? (score < 0.5 ? 'fail' : 'pass') : score);
    return is_number ? [{ kind, score, weight }] : [];
  }

  /** Ends those that run. */
  close(): void {
    this.#closing.abort();
  }

  async #score(
    { command = [], timeout_ms, with_prompt }: Check,
    { prompt, answer, task_type }: CommandAnswer,
  ): Promise<number | 'slow' | 'fault'> {
    const { run, path } = this.#parts;
    const input = JSON.stringify({ answer, task: task_type ?? null, ...(with_prompt && { prompt }) });
    const { signal } = this.#closing;
    const end = await run({ command, cwd: '/', env: { PATH: path }, input, limit_ms: timeout_ms, grace_ms: 0, signal });
    if (end.kind === 'stopped') return 'slow';
    if (end.kind === 'unstartable') return 'fault';
    if (end.code === 1) return 0;
    if (end.code !== 0) return 'fault';
    const said = end.said.trim();
    if (said === '') return 1;
    return /^(?:0(?:\.\d{1,8})?|1(?:\.0{1,8})?)$/.test(said) ? Number(said) : 'fault';
  }

  #turn(): Promise<boolean> {
    if (this.#closing.signal.aborted || this.#waiting.length >= WAITING_MAX) return Promise.resolve(false);
    if (this.#running < RUNNING_MAX) {
      this.#running += 1;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => this.#waiting.push(() => resolve(true)));
  }

  #next(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  }
}
