import { type ChainResult, type Stage, StageChain, type StageCall, type StageSummary } from '@atp-router/call';
import type { GenEvent, GenRequest } from '@atp-router/dialects';
import type { EventLog } from '../engine/ports.ts';

/** The stages of a call, with an event when one of them ends it. */
export class ObservedStages extends StageChain<GenRequest, GenEvent> {
  readonly #call: StageCall;
  readonly #log: EventLog;
  #told = false;

  constructor(
    stages: readonly Stage<GenRequest, GenEvent>[],
    call: StageCall,
    size: (chunk: GenEvent) => number,
    hold_back_bytes: number,
    log: EventLog,
  ) {
    super(stages, call, size, hold_back_bytes);
    this.#call = call;
    this.#log = log;
  }

  override onRequest(request: GenRequest): ReturnType<StageChain<GenRequest, GenEvent>['onRequest']> {
    const result = super.onRequest(request);
    if ('error' in result) this.#tell(result.stage, result.error.code);
    return result;
  }

  override onChunk(chunk: GenEvent): ChainResult<GenEvent> {
    return this.#seen(super.onChunk(chunk));
  }

  override onEnd(summary: StageSummary): ChainResult<GenEvent> {
    return this.#seen(super.onEnd(summary));
  }

  #seen(result: ChainResult<GenEvent>): ChainResult<GenEvent> {
    if (result.kind === 'abort') this.#tell(result.stage, result.error.code);
    return result;
  }

  #tell(stage: string, error: string): void {
    // A request that a stage refuses is shown to it again for each target that is tried.
    if (this.#told) return;
    this.#told = true;
    const { call_id, tenant } = this.#call;
    this.#log.append({ type: 'stage.aborted', call_id, tenant, stage, error });
  }
}
