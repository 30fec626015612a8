import { PROVIDER_KINDS, providerOf } from '@atp-router/providers';
import { describe, expect, test } from 'vitest';
import { checkConfig } from '../../src/config/index.ts';

// What the check knows of a vendor is what the provider's description says; it has no list of its own.

const NONE = { env: () => undefined, file: () => undefined };
const KINDS = PROVIDER_KINDS.filter((kind) => kind !== 'sim' && kind !== 'agent');

function check(provider: Readonly<Record<string, unknown>>): ReturnType<typeof checkConfig> {
  const models = [{ id: 'm', provider: 'p', context: 1_000 }];
  return checkConfig(JSON.stringify({ providers: [{ id: 'p', ...provider }], models }), NONE);
}

describe.each(KINDS)('a provider of the kind %s', (type) => {
  const { default_base_url, needs_api_key } = providerOf(type);

  test('has the address of its description when it names none', () => {
    const checked = check({ type, api_key: 'k' });
    expect(checked.ok && checked.config.providers[0]?.base_url).toBe(default_base_url);
  });

  test('needs a key where its description says so, and only at that address', () => {
    for (const at_vendor of [{}, { base_url: default_base_url }]) {
      const checked = check({ type, ...at_vendor });
      const paths = checked.ok ? [] : checked.problems.map(({ path }) => path);
      expect(paths).toEqual(needs_api_key ? ['providers[0].api_key'] : []);
    }
    expect(check({ type, base_url: 'http://127.0.0.1:8080' }).ok).toBe(true);
  });
});
