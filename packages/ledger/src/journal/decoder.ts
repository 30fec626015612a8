import { type BlockHeader, nextChain, parseBlockHeader } from './block.ts';
import type { Digests } from './digests.ts';
import type { FaultKind, JournalFault } from './fault.ts';
import { type FileHeader, firstChain, parseFileHeader } from './file-header.ts';
import { Gather, LineGather } from './gather.ts';
import { JOURNAL_LIMITS, type JournalLimits } from './limits.ts';

/** A block whose checksum and chain were found right. `body` may be a view of the chunk that completed it. */
export interface Block {
  readonly first_seq: number;
  readonly count: number;
  /** Of the header line in the file. */
  readonly offset: number;
  /** First byte after the body. */
  readonly end_offset: number;
  readonly chain: string;
  readonly body: Uint8Array;
}

/** A point between two blocks of a file from which reading can go on. */
export interface ResumePoint {
  readonly offset: number;
  /** Number of the last record before the point; 0 at the start of a file. */
  readonly seq: number;
  readonly chain: string;
}

export interface Decoded {
  readonly header?: FileHeader;
  readonly blocks: readonly Block[];
  /** The file cannot be read beyond this; every later `push` returns it again. */
  readonly fault?: JournalFault;
}

export interface JournalDecoder {
  push(chunk: Uint8Array): Decoded;
  /** End of the last good block (or of the file header). */
  point(): ResumePoint;
  /** Bytes after `point` that wait for their block to be complete. */
  pending_bytes(): number;
}

type State =
  | { readonly phase: 'file_header'; readonly line: LineGather }
  | { readonly phase: 'block_header'; readonly line: LineGather }
  | { readonly phase: 'body'; readonly header: BlockHeader; readonly body: Gather }
  | { readonly phase: 'failed'; readonly fault: JournalFault };

/**
 * Incremental reader of one journal file: give it the bytes in chunks of any size and it returns the blocks that they
 * complete, each verified. With `resume` it starts at a block boundary instead of at the file header.
 */
export function createDecoder(
  digests: Digests,
  resume?: ResumePoint,
  limits: JournalLimits = JOURNAL_LIMITS,
): JournalDecoder {
  return new Decoder(digests, limits, resume);
}

class Decoder implements JournalDecoder {
  readonly #digests: Digests;
  readonly #limits: JournalLimits;
  #state: State;
  #offset = 0;
  #seq = 0;
  #chain = '';
  #header_bytes = 0;

  constructor(digests: Digests, limits: JournalLimits, resume: ResumePoint | undefined) {
    this.#digests = digests;
    this.#limits = limits;
    if (resume === undefined) {
      this.#state = { phase: 'file_header', line: new LineGather(limits.file_header_bytes) };
    } else {
      this.#offset = resume.offset;
      this.#seq = resume.seq;
      this.#chain = resume.chain;
      this.#state = this.#awaitBlock();
    }
  }

  point(): ResumePoint {
    return { offset: this.#offset, seq: this.#seq, chain: this.#chain };
  }

  pending_bytes(): number {
    const state = this.#state;
    if (state.phase === 'failed') return 0;
    return state.phase === 'body' ? this.#header_bytes + state.body.have : state.line.have;
  }

  push(chunk: Uint8Array): Decoded {
    const blocks: Block[] = [];
    let header: FileHeader | undefined;
    let at = 0;
    while (at < chunk.length && this.#state.phase !== 'failed') {
      const state = this.#state;
      if (state.phase === 'body') {
        at += state.body.take(chunk, at);
        const body = state.body.complete();
        if (body !== undefined) this.#endBlock(state.header, body, blocks);
        continue;
      }
      at += state.line.take(chunk, at);
      const line = state.line.complete();
      if (line !== undefined) {
        if (state.phase === 'file_header') header = this.#endFileHeader(line);
        else this.#endBlockHeader(line);
      } else if (state.line.overfull()) this.#fail(state.phase, 'the header line does not end where it should');
    }
    const fault = this.#state.phase === 'failed' ? this.#state.fault : undefined;
    return { ...(header && { header }), blocks, ...(fault && { fault }) };
  }

  #awaitBlock(): State {
    return { phase: 'block_header', line: new LineGather(this.#limits.block_header_bytes) };
  }

  #fail(kind: FaultKind, reason: string): void {
    this.#state = { phase: 'failed', fault: { kind, offset: this.#offset, seq: this.#seq + 1, reason } };
  }

  #endFileHeader(line: Uint8Array): FileHeader | undefined {
    const header = parseFileHeader(line);
    if (typeof header === 'string') {
      this.#fail('file_header', header);
      return undefined;
    }
    this.#chain = firstChain(line, this.#digests);
    this.#offset = line.length + 1;
    this.#state = this.#awaitBlock();
    return header;
  }

  #endBlockHeader(line: Uint8Array): void {
    const header = parseBlockHeader(line, this.#limits);
    if (typeof header === 'object') {
      this.#header_bytes = line.length + 1;
      this.#state = { phase: 'body', header, body: new Gather(header.bytes) };
    } else if (header === undefined) this.#fail('block_header', 'this is not a block header');
    else this.#fail('limit', header);
  }

  #endBlock(header: BlockHeader, body: Uint8Array, blocks: Block[]): void {
    const fault = this.#checkBlock(header, body);
    if (fault !== undefined) {
      this.#fail(fault.kind, fault.reason);
      return;
    }
    const { first_seq, count, chain } = header;
    const end_offset = this.#offset + this.#header_bytes + header.bytes;
    blocks.push({ first_seq, count, offset: this.#offset, end_offset, chain, body });
    this.#offset = end_offset;
    this.#seq = first_seq + count - 1;
    this.#chain = chain;
    this.#state = this.#awaitBlock();
  }

  #checkBlock(header: BlockHeader, body: Uint8Array): Pick<JournalFault, 'kind' | 'reason'> | undefined {
    const { first_seq, crc32, chain, fields } = header;
    if (this.#digests.crc32(body) !== crc32) {
      return { kind: 'crc', reason: 'the checksum of the block does not match' };
    }
    if (nextChain(this.#chain, fields, body, this.#digests) !== chain) {
      return { kind: 'chain', reason: 'the block does not continue the hash chain' };
    }
    const due = this.#seq + 1;
    if (first_seq !== due) {
      return { kind: 'sequence', reason: `the block starts at record ${first_seq}, record ${due} was due` };
    }
    return undefined;
  }
}
