import type { EmbedCodec, EmbedIngress } from '@atp-router/dialects';
import type { JsonObject } from '@atp-router/kernel';
import { parseAnswer } from './generate.ts';
import type { AttemptCodec, WholeAnswer } from './types.ts';

export interface EmbedTarget {
  readonly upstream_model: string;
  /** Name shown to the client. */
  readonly model: string;
  readonly drop: (field: string) => boolean;
}

/** One attempt at embedding: decoded from the client's shape, encoded into the provider's, and back. */
export function embedCodec(
  provider: EmbedCodec,
  ingress: EmbedIngress,
  body: JsonObject,
  target: EmbedTarget,
): AttemptCodec {
  const request = ingress.decodeRequest(body);
  const encoded = provider.encodeRequest(request, { upstream_model: target.upstream_model, drop: target.drop });
  return {
    body: JSON.stringify(encoded.body),
    ignored: encoded.ignored,
    whole(bytes): WholeAnswer {
      const response = provider.decodeResponse(parseAnswer(bytes), request.inputs.length);
      return {
        usage: response.usage,
        counted_out_tokens: 0,
        render: (atp) =>
          JSON.stringify(
            ingress.encodeResponse(response, {
              model: target.model,
              encoding_format: request.encoding_format,
              atp,
            }),
          ),
      };
    },
    stream() {
      throw new Error('embeddings have no stream');
    },
    error: (status, text) => provider.decodeError(status, text),
  };
}
