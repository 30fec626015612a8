import { AtpError } from '@atp-router/kernel';
import type { ChunkVerdict, Stage, StageCall, StageRun, StageSummary } from './stages.ts';

/** Result of pushing a chunk through the chain: what goes on to the client, or the error that ends the call. */
export type ChainResult<Chunk> =
  | { readonly kind: 'out'; readonly chunks: readonly Chunk[] }
  | { readonly kind: 'abort'; readonly stage: string; readonly error: AtpError };

interface Link<Req, Chunk> {
  readonly id: string;
  readonly mode: 'none' | 'observe' | 'rewrite';
  readonly request: boolean;
  readonly run: StageRun<Req, Chunk>;
  held: Chunk[];
}

/**
 * The stages of one call, in order. What a stage lets through is what the next one sees. All that the stages hold back
 * together is bounded by `hold_back_bytes`; at the bound the call is aborted rather than leaked unchecked.
 */
export class StageChain<Req, Chunk> {
  readonly #links: Link<Req, Chunk>[] = [];
  readonly #size: (chunk: Chunk) => number;
  readonly #hold_back_bytes: number;
  #held_bytes = 0;

  constructor(
    stages: readonly Stage<Req, Chunk>[],
    call: StageCall,
    size: (chunk: Chunk) => number,
    hold_back_bytes: number,
  ) {
    this.#size = size;
    this.#hold_back_bytes = hold_back_bytes;
    for (const stage of stages) {
      const claim = stage.claims(call);
      if (!claim.request && claim.body === 'none') continue;
      this.#links.push({ id: stage.id, mode: claim.body, request: claim.request, run: stage.open(call), held: [] });
    }
  }

  get claimsRequest(): boolean {
    return this.#links.some((l) => l.request);
  }

  /** Whether a stage may change the body; then it cannot be relayed as raw bytes. */
  get rewritesBody(): boolean {
    return this.#links.some((l) => l.mode === 'rewrite');
  }

  get seesBody(): boolean {
    return this.#links.some((l) => l.mode !== 'none');
  }

  get held_bytes(): number {
    return this.#held_bytes;
  }

  onRequest(request: Req): { request: Req } | { stage: string; error: AtpError } {
    let current = request;
    for (const link of this.#links) {
      if (!link.request) continue;
      const verdict = link.run.onRequest?.(current);
      if (verdict === undefined || verdict.kind === 'pass') continue;
      if (verdict.kind === 'abort') return { stage: link.id, error: verdict.error };
      current = verdict.request;
    }
    return { request: current };
  }

  onChunk(chunk: Chunk): ChainResult<Chunk> {
    return this.#push([chunk], 0);
  }

  /** After the last chunk: each stage has its last word, then everything held is let out. */
  onEnd(summary: StageSummary): ChainResult<Chunk> {
    let out: readonly Chunk[] = [];
    for (let i = 0; i < this.#links.length; i += 1) {
      const link = this.#links[i];
      if (link === undefined || link.mode === 'none') continue;
      const passed = out.length === 0 ? { kind: 'out' as const, chunks: [] as readonly Chunk[] } : this.#one(link, out);
      if (passed.kind === 'abort') return passed;
      const verdict = link.run.onEnd?.(summary);
      if (link.mode === 'observe') {
        out = passed.chunks;
        continue;
      }
      if (verdict?.kind === 'abort') return { kind: 'abort', stage: link.id, error: verdict.error };
      const held = this.#release(link);
      if (verdict?.kind === 'replace') out = [...passed.chunks, ...verdict.chunks];
      else out = [...passed.chunks, ...held, ...(verdict?.kind === 'append' ? verdict.chunks : [])];
    }
    return { kind: 'out', chunks: out };
  }

  #push(chunks: readonly Chunk[], from: number): ChainResult<Chunk> {
    let current = chunks;
    for (let i = from; i < this.#links.length; i += 1) {
      const link = this.#links[i];
      if (link === undefined || link.mode === 'none') continue;
      const result = this.#one(link, current);
      if (result.kind === 'abort') return result;
      current = result.chunks;
      if (current.length === 0) break;
    }
    return { kind: 'out', chunks: current };
  }

  #one(link: Link<Req, Chunk>, chunks: readonly Chunk[]): ChainResult<Chunk> {
    if (link.mode === 'observe') {
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

  #hold(link: Link<Req, Chunk>, chunk: Chunk): AtpError | undefined {
    this.#held_bytes += this.#size(chunk);
    link.held.push(chunk);
    if (this.#held_bytes <= this.#hold_back_bytes) return undefined;
    return new AtpError(
      'policy_denied',
      `Stage "${link.id}" held back more than ${this.#hold_back_bytes} bytes of the answer; the call was ended.`,
    );
  }

  #release(link: Link<Req, Chunk>): Chunk[] {
    const held = link.held;
    if (held.length === 0) return held;
    for (const chunk of held) this.#held_bytes -= this.#size(chunk);
    link.held = [];
    return held;
  }
}
