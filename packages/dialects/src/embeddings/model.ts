import type { AtpError, JsonObject, Usage } from '@atp-router/kernel';
import type { AtpField, EncodedError, EncodedRequest } from '../dialect.ts';
import type { DialectId, RemoteError } from '../model.ts';

export type EmbedFormat = 'float' | 'base64';

/** One text, or one text as token numbers of the model's own tokenizer. */
export type EmbedInput = string | readonly number[];

/** A request for vectors, in no provider's shape. */
export interface EmbedRequest {
  readonly model: string;
  readonly inputs: readonly EmbedInput[];
  readonly dimensions?: number;
  readonly encoding_format: EmbedFormat;
  /** End-user id: a hint. */
  readonly user?: string;
  /** Fields that the decoder does not know: passed on to a provider of the OpenAI shape only. */
  readonly extra: JsonObject;
}

/** Numbers, or base64 of little-endian 32-bit floats. */
export type Vector = readonly number[] | string;

export interface EmbedResponse {
  /** The upstream's name of the model that answered. */
  readonly model: string;
  /** One for each input, in their order. */
  readonly vectors: readonly Vector[];
  /** Absent when the provider did not report it. */
  readonly usage?: Usage;
}

/** What routing and estimates need of a request, read without building it. */
export interface EmbedProbe {
  readonly model: string;
  readonly inputs: number;
  /** UTF-16 units of all texts together. */
  readonly text_chars: number;
  /** Token numbers of all inputs together. */
  readonly given_tokens: number;
  readonly encoding_format: EmbedFormat;
}

export interface EmbedEncodeContext {
  readonly upstream_model: string;
  /** Operator's choice per field: drop what cannot be translated instead of refusing the request. */
  readonly drop: (field: string) => boolean;
}

export interface EmbedResponseContext {
  /** Name shown to the client. */
  readonly model: string;
  readonly encoding_format: EmbedFormat;
  readonly atp?: AtpField;
}

/** The half of an embeddings shape that talks to a provider. */
export interface EmbedCodec {
  readonly id: DialectId;
  /** Most inputs that the provider takes in one request. */
  readonly inputs_max: number;
  /** Throws `AtpError untranslatable` naming the field and the reason. */
  encodeRequest(request: EmbedRequest, ctx: EmbedEncodeContext): EncodedRequest;
  /** Throws `AtpError upstream_error` when the answer is not one vector for each of the inputs. */
  decodeResponse(body: JsonObject, inputs: number): EmbedResponse;
  decodeError(status: number, body: string): RemoteError;
}

/** The half of an embeddings shape that talks to a client. */
export interface EmbedIngress {
  readonly id: DialectId;
  probe(body: JsonObject, limits: { readonly inputs: number }): EmbedProbe;
  /** Throws `AtpError invalid_request` naming the field at fault. */
  decodeRequest(body: JsonObject): EmbedRequest;
  encodeResponse(response: EmbedResponse, ctx: EmbedResponseContext): JsonObject;
  encodeError(error: AtpError, request_id: string): EncodedError;
}

/** Whether a provider's shape can embed at all; the reason is shown in the matrix and in the error. */
export type EmbedSupport =
  | { readonly kind: 'native'; readonly codec: EmbedCodec }
  | { readonly kind: 'refused'; readonly reason: string };
