import type { ProviderDescription, ProviderKind } from '../types.ts';
import { agentProvider } from './agent.ts';
import { anthropicProvider } from './anthropic.ts';
import { geminiProvider } from './gemini.ts';
import { ollamaProvider } from './ollama.ts';
import { openaiChatProvider, openaiResponsesProvider } from './openai.ts';
import { simProvider } from './sim.ts';

const BY_KIND: Readonly<Record<ProviderKind, ProviderDescription>> = {
  openai: openaiChatProvider,
  anthropic: anthropicProvider,
  gemini: geminiProvider,
  ollama: ollamaProvider,
  sim: simProvider,
  agent: agentProvider,
};

/** The description of a kind. `api` matters for `openai` only, where compatible servers know no more than `chat`. */
export function providerOf(kind: ProviderKind, api: 'chat' | 'responses' = 'chat'): ProviderDescription {
  return kind === 'openai' && api === 'responses' ? openaiResponsesProvider : BY_KIND[kind];
}
