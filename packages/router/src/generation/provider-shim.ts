import { openaiChat, type ProviderDialect } from '@atp-router/dialects';
import * as dialects from '@atp-router/dialects';
import type { ProviderConfig } from '@atp-router/adapters';

export interface ProviderShape {
  dialect: ProviderDialect;
  path(model: string, stream: boolean): string;
  headers(): string[];
}
export function shapeOf(p: ProviderConfig): ProviderShape {
  if (p.type === 'anthropic') {
    const d = (dialects as unknown as { anthropicMessages: ProviderDialect }).anthropicMessages;
    return {
      dialect: d,
      path: () => '/v1/messages',
      headers: () => ['x-api-key', p.api_key ?? '', 'anthropic-version', '2023-06-01'],
    };
  }
  return {
    dialect: openaiChat,
    path: () => '/chat/completions',
    headers: () => (p.api_key ? ['authorization', `Bearer ${p.api_key}`] : []),
  };
}
