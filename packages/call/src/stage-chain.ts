import type { AtpError } from '@atp-router/kernel';
import { StageChainRun } from './stage-chain-run.ts';
import type { CallStage, Stage, StageAttempt, StageCall, StageClaim } from './stages.ts';

interface Link<Req, Chunk> {
  readonly id: string;
  readonly claim: StageClaim;
  readonly stage: CallStage<Req, Chunk>;
}

export interface StageChainOptions<Req, Chunk> {
  /** In the order in which they see request and answer. */
  readonly stages: readonly Stage<Req, Chunk>[];
  readonly call: StageCall;
  /** Bytes of a chunk, as far as holding it back is concerned. */
  readonly size: (chunk: Chunk) => number;
  /** What all stages of one run together may hold back. */
  readonly hold_back_bytes: number;
  /** A stage refused the request or ended a run. */
  readonly onAbort?: (stage: string, error: AtpError) => void;
}

/** The stages that want something of one call: they see its request once, and each attempt's answer in a run of its own. */
export class StageChain<Req, Chunk> {
  readonly #options: StageChainOptions<Req, Chunk>;
  readonly #links: Link<Req, Chunk>[] = [];

  constructor(options: StageChainOptions<Req, Chunk>) {
    this.#options = options;
    for (const stage of options.stages) {
      const claim = stage.claims(options.call);
      if (!claim.request && claim.body === 'none') continue;
      this.#links.push({ id: stage.id, claim, stage: stage.open(options.call) });
    }
  }

  get claimsRequest(): boolean {
    return this.#links.some((l) => l.claim.request);
  }

  /** Whether a stage may change the body; then it cannot be relayed as raw bytes. */
  get rewritesBody(): boolean {
    return this.#links.some((l) => l.claim.body === 'rewrite');
  }

  get seesBody(): boolean {
    return this.#links.some((l) => l.claim.body !== 'none');
  }

  /** For the driver to call once per call. */
  onRequest(request: Req): { readonly request: Req } | { readonly stage: string; readonly error: AtpError } {
    let current = request;
    for (const { id, claim, stage } of this.#links) {
      if (!claim.request) continue;
      const verdict = stage.onRequest?.(current);
      if (verdict === undefined || verdict.kind === 'pass') continue;
      if (verdict.kind === 'abort') {
        this.#options.onAbort?.(id, verdict.error);
        return { stage: id, error: verdict.error };
      }
      current = verdict.request;
    }
    return { request: current };
  }

  /** For each attempt whose answer is read; the driver owes the run its `onEnd`. */
  openRun(attempt: StageAttempt): StageChainRun<Chunk> {
    const links = this.#links.flatMap(({ id, claim, stage }) => {
      const run = claim.body === 'none' ? undefined : stage.openRun?.(attempt);
      return run === undefined ? [] : [{ id, observes: claim.body === 'observe', run }];
    });
    return new StageChainRun(links, this.#options);
  }
}
