import type { Config, ListenAddress, TlsConfig } from '@atp-router/adapters';
import { countKeys, type Router } from '@atp-router/router';
import type { FoundConfig } from './find-config.ts';

/** What a start has to tell, as plain data: the process that knows it need not be the one that prints it. */
export interface WelcomeFacts {
  readonly version: string;
  readonly node_id: string;
  /** The file, as the user named it; `null`: there is none. */
  readonly config: string | null;
  readonly data_dir: string;
  readonly providers: readonly { readonly id: string; readonly type: string }[];
  /** The same in words, or what was found instead of a file. */
  readonly provider_lines: readonly string[];
  readonly tenant_lines: readonly string[];
  readonly simulated: Simulated;
  /** A model for a first request; absent: none can chat. */
  readonly model?: string | undefined;
  readonly tls?: TlsFacts | undefined;
  readonly made: {
    readonly tenant?: string | undefined;
    readonly key?: FirstKey | undefined;
    readonly admin_key: boolean;
  };
  /** The tenant that another key could be made for. */
  readonly tenant?: string | undefined;
  /** Keys of all tenants. */
  readonly keys: number;
}

/** The key that the start made. */
export interface FirstKey {
  readonly tenant: string;
  readonly secret: string;
}

/** `all`: every answer is invented; `chat`: every answer of a chat. */
export type Simulated = 'all' | 'chat' | 'none';

/** How clients come to trust the listener. */
export interface TlsFacts {
  /** File with its certificate, where there is one. */
  readonly cert_file?: string | undefined;
  readonly asks_for_certificates: boolean;
}

export function factsOf(router: Router, found: FoundConfig): WelcomeFacts {
  const { manager, made, version, node_id } = router;
  const { config } = manager;
  return {
    version,
    node_id,
    config: found.kind === 'file' ? found.file : null,
    data_dir: config.data_dir,
    providers: config.providers.map(({ id, type }) => ({ id, type })),
    provider_lines: providersOf(found, config),
    tenant_lines: tenantsOf(router),
    simulated: simulatedOf(config, found),
    model: exampleModel(config),
    tls: config.listen.tls && tlsFacts(config.listen.tls),
    made: {
      tenant: made.tenant,
      key: made.key && { tenant: made.key.tenant, secret: made.key.secret },
      admin_key: made.admin_key !== undefined,
    },
    tenant: made.tenant ?? config.tenants[0]?.id,
    keys: config.tenants.reduce((sum, { id }) => sum + countKeys(manager, id), 0),
  };
}

/** The address that clients on this machine use. */
export function localUrl({ host, port }: ListenAddress, has_tls: boolean): string {
  const any = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `${has_tls ? 'https' : 'http'}://${any.includes(':') ? `[${any}]` : any}:${port}`;
}

/** An Ollama that was found without a chat model does not change that all chat is invented. */
function simulatedOf({ providers, models }: Config, found: FoundConfig): Simulated {
  const chats = (id: string): boolean =>
    models.some(({ provider, capabilities }) => provider === id && capabilities.includes('chat'));
  const idle =
    found.kind === 'discovered' && found.simulated
      ? found.config.providers.map(({ id }) => id).filter((id) => !chats(id))
      : [];
  const invents = ({ type }: { readonly type: string }): boolean => type === 'sim' || type === 'agent';
  if (!providers.every((one) => invents(one) || idle.includes(one.id))) return 'none';
  return providers.every(invents) ? 'all' : 'chat';
}

function exampleModel({ models }: Config): string | undefined {
  const chat = models.filter((model) => model.capabilities.includes('chat') && model.data_scopes === undefined);
  return chat.some((model) => model.status === 'active') ? 'auto' : chat[0]?.id;
}

function tlsFacts({ cert, client_ca }: TlsConfig): TlsFacts {
  return {
    ...(cert.startsWith('-----BEGIN') ? {} : { cert_file: cert }),
    asks_for_certificates: client_ca !== undefined,
  };
}

function providersOf(found: FoundConfig, config: Config): readonly string[] {
  if (found.kind === 'discovered') return found.notes;
  return config.providers.map(
    ({ id, type, base_url }) => `${id}: ${type}${base_url === undefined ? '' : `, ${base_url}`}`,
  );
}

function tenantsOf({ manager }: Router): readonly string[] {
  const from_file = new Set(manager.file_config.tenants.map((tenant) => tenant.id));
  return manager.config.tenants.map(({ id }) => {
    const keys = countKeys(manager, id);
    return `${id}: ${keys} ${keys === 1 ? 'key' : 'keys'}${from_file.has(id) ? '' : ', kept in the data directory'}`;
  });
}
