import { decodeFloats, embedSupport } from '@atp-router/dialects';
import { classify } from '../classify.ts';
import { check } from './check.ts';
import { bodyOf, jsonOf, requestOf, send, textOf } from './exchange.ts';
import { EMBED_INPUTS, PLAIN } from './prompts.ts';
import type { SuiteCase, SuiteTarget } from './types.ts';

const NO_SUCH_MODEL = 'atp-no-such-model';
const WRONG_KEY = 'atp-wrong-key';

/** A plain request that has to fail, decoded and judged as the router would. */
async function failing(
  target: SuiteTarget,
  over: { readonly model?: string; readonly api_key?: string },
): Promise<{ kind: string; verdict: ReturnType<typeof classify> }> {
  const model = over.model ?? target.model;
  const body = bodyOf(target, { ...requestOf(target, PLAIN), model });
  const answer = await send(target, 'generate', { ...over, model, body });
  const text = await textOf(answer);
  check(answer.status >= 400, `The status is ${answer.status}, not an error.`, text);
  const error = target.provider.dialect.decodeError(answer.status, text);
  check(error.message !== '', 'The error has no message.', text);
  const verdict = classify({ type: 'answer', error, headers: answer.headers, in_stream: false }, target.now_ms);
  return { kind: error.kind, verdict };
}

export const OTHER_CASES: readonly SuiteCase[] = [
  {
    name: 'models',
    proves: 'The list of models can be read: the health check of the router.',
    async run(target) {
      const ids = target.provider.readModels(await jsonOf(await send(target, 'models', {})));
      check(ids.length > 0, 'The list of models is empty.');
    },
  },
  {
    name: 'unknown_model',
    proves: 'A model that does not exist is an error that is not retried.',
    async run(target) {
      const { kind, verdict } = await failing(target, { model: NO_SUCH_MODEL });
      check(['not_found', 'invalid_request', 'permission'].includes(kind), 'It is another kind of error.', kind);
      check(!verdict.retryable && !verdict.may_have_cost, 'It would be retried or billed.', verdict);
    },
  },
  {
    name: 'wrong_key',
    proves: 'A wrong key is told apart from a bad request and is not retried.',
    skip({ provider, api_key }) {
      if (!provider.needs_api_key) return `${provider.kind} needs no key`;
      return api_key === undefined ? 'the endpoint is used without a key' : undefined;
    },
    async run(target) {
      const { kind, verdict } = await failing(target, { api_key: WRONG_KEY });
      check(kind === 'unauthorized' || kind === 'permission', 'It is another kind of error.', kind);
      check(verdict.scope === 'target', 'It would be retried, or blamed on the request.', verdict);
    },
  },
  {
    name: 'embeddings',
    proves: 'Two texts give two vectors of one length.',
    skip({ provider, embedding_model }) {
      const support = embedSupport(provider.dialect.id);
      if (support.kind === 'refused') return support.reason;
      return embedding_model === undefined ? 'no embedding model was named' : undefined;
    },
    async run(target) {
      const support = embedSupport(target.provider.dialect.id);
      const model = target.embedding_model;
      check(support.kind === 'native' && model !== undefined, 'There is nothing to check.');
      const { codec } = support;
      const { body } = codec.encodeRequest(
        { model, inputs: EMBED_INPUTS, encoding_format: 'float', extra: {} },
        { upstream_model: model, drop: () => false },
      );
      const answer = await jsonOf(await send(target, 'embed', { model, body }));
      const { vectors, usage } = codec.decodeResponse(answer, EMBED_INPUTS.length);
      const [a = [], b = []] = vectors.map((v) => (typeof v === 'string' ? decodeFloats(v) : v));
      check(a.length > 0 && a.length === b.length, 'The vectors have different lengths.', [a.length, b.length]);
      check(
        a.some((v, i) => v !== b[i]),
        'Different texts have the same vector.',
      );
      check(usage === undefined || usage.in_tokens > 0, 'The usage counts no tokens.', usage);
    },
  },
  {
    name: 'count_tokens',
    proves: 'The provider counts a prompt exactly.',
    skip: ({ provider }) => (provider.countTokens === undefined ? `${provider.kind} does not count` : undefined),
    async run(target) {
      const { countTokens } = target.provider;
      check(countTokens !== undefined, 'There is nothing to check.');
      const body = countTokens.encode(requestOf(target, PLAIN), target.model);
      const count = countTokens.decode(await jsonOf(await send(target, 'count_tokens', { body })));
      check(count > 0, 'The prompt counts no tokens.');
    },
  },
];
