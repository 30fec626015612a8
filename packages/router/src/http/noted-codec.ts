import type { GenResponse, IngressDialect, ProviderDialect, RemoteError } from '@atp-router/dialects';
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

/**
 * A codec that tells what its answer says besides its bytes: as a failure what the provider answered as one, although the
 * status was good, and by name what was generated and the client's shape cannot carry.
 */
export class NotedCodec implements AttemptCodec {
  readonly #codec: AttemptCodec;
  readonly #note: AnswerNote;
  readonly #client: IngressDialect | undefined;

  /** `client`: the shape that answers are translated into; undefined where it is the provider's. */
  constructor(codec: AttemptCodec, note: AnswerNote, client: IngressDialect | undefined) {
    this.#codec = codec;
    this.#note = note;
    this.#client = client;
  }

  get body(): string {
    return this.#codec.body;
  }

  get headers(): readonly string[] {
    return this.#codec.headers ?? [];
  }

  get ignored(): readonly string[] {
    const { response } = this.#note;
    const lost = response === undefined ? undefined : this.#client?.lost(response);
    const { ignored } = this.#codec;
    return lost === undefined || lost.length === 0 ? ignored : [...new Set([...ignored, ...lost])];
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
