import { AtpError } from '@atp-router/kernel';

/** RFC 9110 §5.5 without obs-text: what a value may carry and survive every proxy. */
const VALUE = /^[\t\x20-\x7e]*$/;

/** Headers of a JSON request to a provider. Later names replace earlier ones; all become lower-case. */
export function headerList(...lists: readonly (readonly string[])[]): string[] {
  const by_name = new Map<string, string>([
    ['content-type', 'application/json'],
    ['user-agent', 'atp-router'],
  ]);
  for (const list of lists) {
    for (let i = 0; i + 1 < list.length; i += 2) by_name.set((list[i] ?? '').toLowerCase(), list[i + 1] ?? '');
  }
  return [...by_name].flat();
}

/** One header that carries the key; none without a key. */
export function keyHeader(name: string, prefix: string, api_key: string | undefined): string[] {
  if (api_key === undefined || api_key === '') return [];
  if (!VALUE.test(api_key)) {
    throw new AtpError(
      'config_invalid',
      'The api_key of a provider has characters that no header can carry; check for line breaks.',
      { param: 'api_key' },
    );
  }
  return [name, `${prefix}${api_key}`];
}
