import {
  anthropicMessages,
  FEATURES,
  type Feature,
  type FeatureTable,
  gemini,
  ollama,
  openaiChat,
  openaiResponses,
} from '@atp-router/dialects';
import { PROVIDER_IDS, type ProviderId } from '../config.ts';
import { INGRESS_IDS, type IngressId, reasonOf } from './ingress.ts';
import { requestOf } from './requests.ts';

/** What the router promises for one combination. */
export type Promise =
  /** The ingress shape has no way to ask for it. */
  | { readonly kind: 'unsaid'; readonly reason: string }
  /** Same shape on both sides: the request goes on as it is. */
  | { readonly kind: 'passed' }
  | { readonly kind: 'said'; readonly how?: string; readonly also_listed?: string }
  /** Answered without it; `listed` is its name in `x-atp-ignored`. */
  | { readonly kind: 'ignored'; readonly reason: string; readonly listed: string }
  /** 400 `untranslatable`, unless the operator chose to drop it; `listed` is then its name in `x-atp-ignored`. */
  | { readonly kind: 'refused'; readonly reason: string; readonly listed: string };

export interface Cell {
  readonly ingress: IngressId;
  readonly provider: ProviderId;
  readonly feature: Feature;
  readonly promise: Promise;
}

export const TABLES: Readonly<Record<ProviderId, FeatureTable>> = {
  chat: openaiChat.features,
  responses: openaiResponses.features,
  anthropic: anthropicMessages.features,
  gemini: gemini.features,
  ollama: ollama.features,
};

const SAME_SHAPE: Readonly<Record<IngressId, ProviderId | undefined>> = {
  chat: 'chat',
  responses: 'responses',
  messages: 'anthropic',
  ask: undefined,
};

const FOREIGN_THINKING: Promise = {
  kind: 'ignored',
  reason: 'only thinking that this provider signed or sealed itself can be sent back to it.',
  listed: 'thinking_in_answer',
};

const FILE_NAME: Promise = { kind: 'said', how: 'the name of the file is left out.', also_listed: 'filename' };

/** What depends on both sides and not on the provider alone. */
const EXCEPTIONS: Readonly<Record<string, Promise>> = {
  'chat responses thinking_in_answer': FOREIGN_THINKING,
  'chat anthropic thinking_in_answer': FOREIGN_THINKING,
  'responses anthropic thinking_in_answer': FOREIGN_THINKING,
  'messages responses thinking_in_answer': FOREIGN_THINKING,
  'ask responses thinking_in_answer': FOREIGN_THINKING,
  'ask anthropic thinking_in_answer': FOREIGN_THINKING,
  // Same shape, but it does not say who wrote the reasoning.
  'chat chat thinking_in_answer': {
    kind: 'ignored',
    reason: reasonOf(openaiChat.features.thinking_in_answer),
    listed: 'thinking_in_answer',
  },
  'chat gemini files': FILE_NAME,
  'responses gemini files': FILE_NAME,
  'ask gemini files': FILE_NAME,
  'chat responses hosted_tools': {
    kind: 'refused',
    reason: '"web_search_options" is a tool of another provider.',
    listed: 'web_search_options',
  },
  'messages responses hosted_tools': {
    kind: 'refused',
    reason: '"web_search_20250305" is a tool of another provider.',
    listed: 'tools[0]',
  },
};

/** What is refused is named by the client's own path where it has no field of its own. */
function nameOf(ingress: IngressId, feature: Feature): string {
  if (feature !== 'hosted_tools') return feature;
  return ingress === 'chat' ? 'web_search_options' : 'tools[0]';
}

function promiseOf(ingress: IngressId, provider: ProviderId, feature: Feature): Promise {
  const said = requestOf(ingress, feature, '');
  if ('unsaid' in said) return { kind: 'unsaid', reason: said.unsaid };
  const exception = EXCEPTIONS[`${ingress} ${provider} ${feature}`];
  if (exception !== undefined) return exception;
  if (SAME_SHAPE[ingress] === provider) return { kind: 'passed' };
  const support = TABLES[provider][feature];
  switch (support.kind) {
    case 'native':
      return { kind: 'said' };
    case 'emulated':
      return { kind: 'said', how: support.how };
    case 'ignored':
      return { kind: 'ignored', reason: support.reason, listed: feature };
    case 'refused':
      return { kind: 'refused', reason: support.reason, listed: nameOf(ingress, feature) };
  }
}

/** Every combination of ingress, provider and feature. */
export function matrix(): Cell[] {
  return FEATURES.flatMap((feature) =>
    INGRESS_IDS.flatMap((ingress) =>
      PROVIDER_IDS.map((provider) => ({ ingress, provider, feature, promise: promiseOf(ingress, provider, feature) })),
    ),
  );
}
