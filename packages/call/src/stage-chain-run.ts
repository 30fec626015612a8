import { AtpError, toAtpError } from '@atp-router/kernel';
import type { ChunkVerdict, StageRun, StageSummary } from './stages.ts';

/** Result of pushing a chunk through the stages: what goes on to the client, or the error that ends the attempt. */
export type ChainResult<Chunk> =
  | { readonly kind: 'out'; readonly chunks: readonly Chunk[] }
  | { readonly kind: 'abort'; readonly stage: string; readonly error: AtpError };

export interface RunLink<Chunk> {
  readonly id: string;
  readonly observes: boolean;
  readonly run: StageRun<Chunk>;
}

interface HoldingLink<Chunk> extends RunLink<Chunk> {
  held: Chunk[];
}

export interface StageChainRunOptions<Chunk> {
  readonly size: (chunk: Chunk) => number;
  readonly hold_back_bytes: number;
  readonly onAbort?: (stage: string, error: AtpError) => void;
}

/**
 * The stages on the answer of one attempt, in order. What a stage lets through is what the next one sees. All that they
 * hold back together is bounded by `hold_back_bytes`; at the bound the attempt is aborted rather than leaked unchecked.
 */
export class StageChainRun<Chunk> {
  readonly #options: StageChainRunOptions<Chunk>;
  readonly #links: readonly HoldingLink<Chunk>[];
  #held_bytes = 0;
  /** How many links have been told of the end. */
  #told = 0;

  constructor(links: readonly RunLink<Chunk>[], options: StageChainRunOptions<Chunk>) {
    this.#options = options;
    this.#links = links.map(({ id, observes, run }) => ({ id, observes, run, held: [] }));
  }

  get held_bytes(): number {
    return this.#held_bytes;
  }

  onChunk(chunk: Chunk): ChainResult<Chunk> {
    let current: readonly Chunk[] = [chunk];
    for (const link of this.#links) {
      const result = this.#pass(link, current);
      if (result.kind === 'abort') return this.#aborted(result);
      current = result.chunks;
      if (current.length === 0) break;
    }
    return { kind: 'out', chunks: current };
  }

  /**
   * The attempt is over. After a good end each stage has its last word, and then everything held is let out; after
   * another one the stages are only told, and what they hold is dropped. Each stage is told once, however often this is
   * called; those behind a stage that refuses the end are told of an error.
   */
  onEnd(summary: StageSummary): ChainResult<Chunk> {
    if (summary.outcome !== 'ok') {
      this.#tellRest(summary);
      return { kind: 'out', chunks: [] };
    }
    try {
      const result = this.#lastWords(summary);
      if (result.kind === 'out') return result;
      this.#tellRest(failed(summary, result.error));
      return this.#aborted(result);
    } catch (thrown) {
      const error = toAtpError(thrown);
      this.#tellRest(failed(summary, error));
      throw error;
    }
  }

  #lastWords(summary: StageSummary): ChainResult<Chunk> {
    let out: readonly Chunk[] = [];
    for (const link of this.#links.slice(this.#told)) {
      const passed = this.#pass(link, out);
      if (passed.kind === 'abort') return passed;
      this.#told += 1;
      const verdict = link.run.onEnd?.(summary);
      if (link.observes) continue;
      if (verdict?.kind === 'abort') return { kind: 'abort', stage: link.id, error: verdict.error };
      const held = this.#release(link);
      if (verdict?.kind === 'replace') out = [...passed.chunks, ...verdict.chunks];
      else out = [...passed.chunks, ...held, ...(verdict?.kind === 'append' ? verdict.chunks : [])];
    }
    return { kind: 'out', chunks: out };
  }

  #tellRest(summary: StageSummary): void {
    for (const link of this.#links) this.#release(link);
    for (const link of this.#links.slice(this.#told)) {
      this.#told += 1;
      try {
        link.run.onEnd?.(summary);
      } catch {
        // The attempt has failed already, and what it failed with is what counts.
      }
    }
  }

  #pass(link: HoldingLink<Chunk>, chunks: readonly Chunk[]): ChainResult<Chunk> {
    if (link.observes) {
      for (const chunk of chunks) link.run.onChunk?.(chunk);
      return { kind: 'out', chunks };
    }
    const out: Chunk[] = [];
    for (const chunk of chunks) {
      const verdict: ChunkVerdict<Chunk> = link.run.onChunk?.(chunk) ?? { kind: 'pass' };
      if (verdict.kind === 'abort') return { kind: 'abort', stage: link.id, error: verdict.error };
      if (verdict.kind === 'hold') {
        const error = this.#hold(link, chunk);
        if (error !== undefined) return { kind: 'abort', stage: link.id, error };
      } else {
        const held = this.#release(link);
        if (verdict.kind === 'pass') out.push(...held, chunk);
        else out.push(...verdict.chunks);
      }
    }
    return { kind: 'out', chunks: out };
  }

  #hold(link: HoldingLink<Chunk>, chunk: Chunk): AtpError | undefined {
    const { size, hold_back_bytes } = this.#options;
    this.#held_bytes += size(chunk);
    link.held.push(chunk);
    if (this.#held_bytes <= hold_back_bytes) return undefined;
    return new AtpError(
      'policy_denied',
      `Stage "${link.id}" held back more than ${hold_back_bytes} bytes of the answer; the call was ended.`,
    );
  }

  #release(link: HoldingLink<Chunk>): readonly Chunk[] {
    const held = link.held;
    if (held.length === 0) return held;
    for (const chunk of held) this.#held_bytes -= this.#options.size(chunk);
    link.held = [];
    return held;
  }

  #aborted(result: ChainResult<Chunk> & { readonly kind: 'abort' }): ChainResult<Chunk> {
    this.#options.onAbort?.(result.stage, result.error);
    return result;
  }
}

function failed(summary: StageSummary, error: AtpError): StageSummary {
  return { ...summary, outcome: 'error', error: error.code };
}
