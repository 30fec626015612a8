import { decodeFloats, type EmbedCodec, type EmbedRequest, embedSupport, type Vector } from '@atp-router/dialects';
import { NO_PROMPT } from '@atp-router/flow';
import { AtpError } from '@atp-router/kernel';
import type { AdmittedCall } from '../engine/env.ts';
import type { Target } from '../engine/target.ts';
import { parseAnswer } from '../relay/generate.ts';
import type { AttemptCodec } from '../relay/types.ts';
import { partOfCall } from './lane-call.ts';
import { withText } from './prompts.ts';

/** The longest vectors that are taken; known models have up to 12,288 numbers. */
export const DIMS_MAX = 16_384;

/** Texts of one lane, to be embedded. */
export interface EmbedWork {
  readonly target: Target;
  /** The lane whose answer they are of. */
  readonly lane: number;
  readonly texts: readonly string[];
  readonly dimensions: number | undefined;
  take(vectors: readonly Float32Array[]): void;
}

/** Embedding as the dispatcher sees it: an attempt of the call, at the call's cost, without a stream and an answer. */
export function embedCall(call: AdmittedCall, work: EmbedWork): AdmittedCall {
  const { target, lane, texts } = work;
  return {
    ...partOfCall(call, {
      ref: { lane, role: 'embed', source: target.model.id },
      voice: { targets: [target], system: [], qos: call.head.qos },
      prompt: withText(NO_PROMPT, texts),
      max_output_tokens: 0,
    }),
    kind: 'embed',
    hosted_tools: undefined,
    stream: false,
    // They have seen the answer.
    stages: undefined,
    promptTexts: () => texts,
    prepare: () => vectorCodec(codecOf(target), work),
  };
}

/** Throws `AtpError untranslatable` for a provider that has no embeddings, which the check of the configuration refuses. */
export function codecOf({ description, model }: Target): EmbedCodec {
  const support = embedSupport(description.dialect.id);
  if (support.kind === 'native') return support.codec;
  throw new AtpError('untranslatable', `Model "${model.id}" cannot embed: ${support.reason}`);
}

function vectorCodec(provider: EmbedCodec, { target, texts, dimensions, take }: EmbedWork): AttemptCodec {
  const request: EmbedRequest = {
    model: target.model.upstream_model,
    inputs: texts,
    encoding_format: 'float',
    extra: {},
    ...(dimensions === undefined ? {} : { dimensions }),
  };
  const { upstream_model } = target.model;
  const encoded = provider.encodeRequest(request, { upstream_model, drop: (field) => target.drop(field) });
  return {
    body: JSON.stringify(encoded.body),
    ignored: encoded.ignored,
    whole(bytes) {
      const { vectors, usage } = provider.decodeResponse(parseAnswer(bytes), texts.length);
      take(vectors.map(floatsOf));
      return { usage, counted_out_tokens: 0, render: () => '' };
    },
    stream() {
      throw new Error('embeddings have no stream');
    },
    error: (status, text) => provider.decodeError(status, text),
  };
}

function floatsOf(vector: Vector): Float32Array {
  const values = typeof vector === 'string' ? decodeFloats(vector) : vector;
  if (values.length <= DIMS_MAX) return Float32Array.from(values);
  const message = `The provider answered with an embedding of ${values.length} numbers; at most ${DIMS_MAX} are taken.`;
  throw new AtpError('upstream_error', message, { origin: 'remote' });
}
