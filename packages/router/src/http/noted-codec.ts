import type { GenResponse, ProviderDialect, RemoteError } from '@atp-router/dialects';
import type { AttemptCodec, StreamRelay, WholeAnswer } from '../relay/types.ts';

/** Keeps the whole answer of one attempt as it was read, for what bytes alone do not tell. */
export class AnswerNote {
  #response: GenResponse | undefined;

  get response(): GenResponse | undefined {
    return this.#response;
  }

  /** The provider's shape, whose answer is noted as it is read. */
  on<D extends ProviderDialect>(dialect: D): D {
    const decodeResponse: D['decodeResponse'] = (body) => {
      this.#response = dialect.decodeResponse(body);
      return this.#response;
    };
    return { ...dialect, decodeResponse };
  }
}

/** A codec that tells as a failure what its provider answered as one, although the status was good. */
export class NotedCodec implements AttemptCodec {
  readonly #codec: AttemptCodec;
  readonly #note: AnswerNote;

  constructor(codec: AttemptCodec, note: AnswerNote) {
    this.#codec = codec;
    this.#note = note;
  }

  get body(): string {
    return this.#codec.body;
  }

  get headers(): readonly string[] {
    return this.#codec.headers ?? [];
  }

  get ignored(): readonly string[] {
    return this.#codec.ignored;
  }

  whole(body: Uint8Array): WholeAnswer {
    const answer = this.#codec.whole(body);
    const error = this.#note.response?.error;
    return error === undefined ? answer : { ...answer, error };
  }

  stream(): StreamRelay {
    return this.#codec.stream();
  }

  error(status: number, body: string): RemoteError {
    return this.#codec.error(status, body);
  }

  ended(end: Parameters<NonNullable<AttemptCodec['ended']>>[0]): void {
    this.#codec.ended?.(end);
  }
}
