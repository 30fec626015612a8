import { AtpError } from '@atp-router/kernel';
import type { Endpoint, ProviderDescription } from './types.ts';

export interface EndpointUrl {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
}

/**
 * Address of an endpoint. A base address that already ends with the version that the path begins with is understood,
 * since half of the SDKs want it there and the other half do not.
 */
export function endpointUrl(provider: ProviderDescription, base_url: string, endpoint: Endpoint): EndpointUrl {
  if (!URL.canParse(base_url)) {
    throw new AtpError(
      'config_invalid',
      `"${base_url}" is not an address; write it like ${provider.default_base_url}.`,
      {
        param: 'base_url',
      },
    );
  }
  const base = new URL(base_url);
  let prefix = base.pathname.replace(/\/+$/, '');
  const version = provider.version_segment;
  if (version !== '' && endpoint.path.startsWith(`${version}/`) && prefix.endsWith(version)) {
    prefix = prefix.slice(0, -version.length);
  }
  // A query in the base address (Azure's api-version) belongs to every request.
  const query = base.search === '' ? '' : `${endpoint.path.includes('?') ? '&' : '?'}${base.search.slice(1)}`;
  return { origin: `${base.protocol}//${base.host}`, path: `${prefix}${endpoint.path}${query}` };
}
