import type { EmbedCodec, EmbedIngress, EmbedRequest } from '@atp-router/dialects';
import { plausibleUsage } from '@atp-router/kernel';
import { countedUsage } from './counted-usage.ts';
import { parseAnswer } from './generate.ts';
import type { AttemptCodec, WholeAnswer } from './types.ts';

export interface EmbedTarget {
  readonly upstream_model: string;
  /** Name shown to the client. */
  readonly model: string;
  readonly drop: (field: string) => boolean;
}

/** One attempt at embedding: encoded into the provider's shape, and back into the client's. */
export function embedCodec(
  provider: EmbedCodec,
  ingress: EmbedIngress,
  request: EmbedRequest,
  target: EmbedTarget,
): AttemptCodec {
  const encoded = provider.encodeRequest(request, { upstream_model: target.upstream_model, drop: target.drop });
  return {
    body: JSON.stringify(encoded.body),
    ignored: encoded.ignored,
    whole(bytes): WholeAnswer {
      const response = provider.decodeResponse(parseAnswer(bytes), request.inputs.length);
      return {
        usage: response.usage,
        counted_out_tokens: 0,
        render: (atp, end) => {
          const usage = plausibleUsage(response.usage) ?? countedUsage(end);
          const ctx = { model: target.model, encoding_format: request.encoding_format, atp };
          return JSON.stringify(ingress.encodeResponse({ ...response, usage }, ctx));
        },
      };
    },
    stream() {
      throw new Error('embeddings have no stream');
    },
    error: (status, text) => provider.decodeError(status, text),
  };
}
