import { type EmbedRequest, embedSupport, openaiEmbedIngress } from '@atp-router/dialects';
import { AtpError } from '@atp-router/kernel';
import { embedCodec } from '../relay/embed.ts';
import { embedThroughStages } from './embed-stages.ts';
import { type ParsedBody, promptSize } from './json-body.ts';
import type { Operation } from './operation.ts';

/** As many inputs as OpenAI takes in one request. */
const INPUTS_MAX = 2_048;

const NEEDS: readonly string[] = ['embeddings'];

/** `POST /v1/embeddings`: one turn, no stream, no output tokens. */
export function embedOperation(body: ParsedBody): Operation {
  const probe = openaiEmbedIngress.probe(body.json, { inputs: INPUTS_MAX });
  const size = promptSize(body, 0, { messages: 0, tools: 0, media: 0 });
  // Stages see the request once per call, not once per attempt, and what they refuse stays refused.
  let staged: EmbedRequest | AtpError | undefined;
  return {
    kind: 'embed',
    model: probe.model,
    stream: false,
    needs: NEEDS,
    choices: 1,
    hosted_tools: undefined,
    max_output_tokens: 0,
    // A token number written in JSON takes about five bytes; as text it would be counted as more than one token.
    prompt: probe.given_tokens > 0 ? { ...size, ascii_bytes: probe.given_tokens * 4 } : size,
    promptTexts: () => openaiEmbedIngress.decodeRequest(body.json).inputs.filter((input) => typeof input === 'string'),
    prepare(call, { target }) {
      const support = embedSupport(target.description.dialect.id);
      if (support.kind === 'refused') {
        throw new AtpError('untranslatable', `Model "${target.model.id}" cannot embed: ${support.reason}`, {
          param: 'model',
        });
      }
      staged ??= embedThroughStages(openaiEmbedIngress.decodeRequest(body.json), call);
      if (staged instanceof AtpError) throw staged;
      return embedCodec(support.codec, openaiEmbedIngress, staged, {
        upstream_model: target.model.upstream_model,
        model: target.model.id,
        drop: (field) => target.drop(field),
      });
    },
  };
}
