import { join } from 'node:path';
import type { Config } from '@atp-router/adapters';
import { type Bootstrapped, countKeys, type Router } from '@atp-router/router';
import { printable } from '../print/text.ts';
import { commandName, type Terminal } from '../terminal.ts';
import type { FoundConfig } from './find-config.ts';

/** What a start has to tell. */
export interface Started {
  readonly router: Router;
  readonly found: FoundConfig;
  readonly made: Bootstrapped;
}

/** The address that clients on this machine use. */
export function localUrl({ server, manager }: Router): string {
  const { host, port } = server.address;
  const scheme = manager.config.listen.tls === undefined ? 'http' : 'https';
  const any = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `${scheme}://${any.includes(':') ? `[${any}]` : any}:${port}`;
}

/** Whether all chat is invented. An Ollama that was found without a chat model does not change that. */
function isSimulated({ router, found }: Started): boolean {
  const { providers, models } = router.manager.config;
  const chats = (id: string): boolean =>
    models.some(({ provider, capabilities }) => provider === id && capabilities.includes('chat'));
  const idle =
    found.kind === 'discovered' && found.simulated
      ? found.config.providers.map(({ id }) => id).filter((id) => !chats(id))
      : [];
  return providers.every(({ id, type }) => type === 'sim' || type === 'agent' || idle.includes(id));
}

/**
 * A request that works as printed, when the certificate of a listener with TLS names the address. Without a key in hand,
 * the shell puts one in.
 */
function curlLine(started: Started): string | undefined {
  const { router, made } = started;
  const model = exampleModel(router.manager.config);
  if (model === undefined) return undefined;
  const key = made.key?.secret ?? '$ATP_API_KEY';
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Say hello.' }] });
  // Model ids may hold no quote (the configuration sees to it), so the body needs no escaping.
  const start = ['curl -sS', ...tlsFlags(router)].join(' ');
  return `${start} ${localUrl(router)}/v1/chat/completions -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" -d '${body}'`;
}

const CLIENT_FLAGS = '--cert client.pem --key client.key';

/** How curl comes to trust the listener, for which its own certificate is enough, and is let in. */
function tlsFlags({ manager }: Router): string[] {
  const { tls } = manager.config.listen;
  if (tls === undefined) return [];
  const trust = `--cacert ${tls.cert.startsWith('-----BEGIN') ? 'ca.pem' : shellWord(tls.cert)}`;
  return tls.client_ca === undefined ? [trust] : [trust, CLIENT_FLAGS];
}

function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function exampleModel({ models }: Config): string | undefined {
  const chat = models.filter((model) => model.capabilities.includes('chat') && model.data_scopes === undefined);
  return chat.some((model) => model.status === 'active') ? 'auto' : chat[0]?.id;
}

/** The start as one line of JSON, for programs. The key is in it, and nowhere else. */
export function welcomeJson(started: Started): string {
  const { router, found, made } = started;
  const { config } = router.manager;
  const line = {
    event: 'listening',
    url: localUrl(router),
    version: router.version,
    node_id: router.node_id,
    config: found.kind === 'file' ? found.file : null,
    data_dir: config.data_dir,
    simulated: isSimulated(started),
    providers: config.providers.map(({ id, type }) => ({ id, type })),
    tenant: made.key?.tenant ?? null,
    key: made.key?.secret ?? null,
    admin_key_made: made.admin_key !== undefined,
    curl: curlLine(started) ?? null,
  };
  return `${JSON.stringify(line)}\n`;
}

/** The start in words, for people. */
export function welcomeText(started: Started, terminal: Terminal): string {
  const { router, found, made } = started;
  const { config } = router.manager;
  const url = localUrl(router);
  const lines = [
    `ATP Router ${router.version} is listening on ${url}`,
    '',
    `  configuration   ${sourceOf(found)}`,
    ...listed('providers', providersOf(found, config)),
    ...listed('tenants', tenantsOf(router)),
    `  data directory  ${config.data_dir}`,
    ...(made.admin_key === undefined
      ? []
      : ['  admin key       in admin.key of the data directory, for atp on this machine']),
    `  OpenAI clients  base URL ${url}/v1    Anthropic clients  base URL ${url}`,
    ...warning(started),
    '',
    ...keyLines(started, terminal),
    ...tryLines(started),
  ];
  return `${lines.join('\n')}\n\n`;
}

function sourceOf(found: FoundConfig): string {
  if (found.kind === 'file') return found.file;
  return 'none: no --config, and no atp.yaml in this folder';
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

const LISTED_MAX = 8;
const LABEL_CHARS = 16;

function listed(label: string, entries: readonly string[]): string[] {
  const shown = entries.slice(0, LISTED_MAX);
  if (entries.length > shown.length) shown.push(`and ${entries.length - shown.length} more`);
  return shown.map((entry, i) => `  ${(i === 0 ? label : '').padEnd(LABEL_CHARS)}${printable(entry)}`);
}

function warning(started: Started): string[] {
  if (!isSimulated(started)) return [];
  const keys = 'OPENAI_API_KEY, ANTHROPIC_API_KEY or GEMINI_API_KEY';
  const { found, router } = started;
  const alone = router.manager.config.providers.every(({ type }) => type === 'sim' || type === 'agent');
  const what = alone ? 'every answer is invented, and says so' : 'every answer of a chat is invented, and says so';
  if (found.kind === 'file') return ['', `SIMULATED: ${what}.`];
  const help = alone
    ? `No provider was found: set ${keys}, start Ollama, or write atp.yaml.`
    : `No chat model was found: pull one into Ollama, set ${keys}, or write atp.yaml.`;
  return ['', `SIMULATED: ${what}. ${help}`];
}

/** What to type, and what to put in its place where the start cannot know it. */
function tryLines(started: Started): string[] {
  const curl = curlLine(started);
  if (curl === undefined) return [];
  const { router, made } = started;
  const head =
    made.key === undefined
      ? ['Try it, with a key in place of atp_…:', '', '  export ATP_API_KEY=atp_…']
      : ['Try it:', ''];
  return ['', ...head, `  ${curl}`, ...tlsNotes(router)];
}

function tlsNotes(router: Router): string[] {
  const { tls } = router.manager.config.listen;
  if (tls === undefined) return [];
  const { hostname } = new URL(localUrl(router));
  const trust = `--cacert: the certificate or its CA; the certificate has to name ${hostname}.`;
  const own = `${CLIENT_FLAGS}: yours, signed by listen.tls.client_ca.`;
  return ['', trust, ...(tls.client_ca === undefined ? [] : [own])];
}

function keyLines({ router, made }: Started, terminal: Terminal): string[] {
  const atp = commandName(terminal);
  const tenant = made.tenant ?? router.manager.config.tenants[0]?.id;
  const flags = flagsFor(router, terminal);
  const more = `Another key: ${atp} keys create --tenant ${tenant ?? '<id>'}${flags}`;
  if (made.key !== undefined) {
    return [`Key for tenant "${made.key.tenant}", shown this once:`, '', `  ${made.key.secret}`, '', more];
  }
  const all = router.manager.config.tenants.reduce((sum, { id }) => sum + countKeys(router.manager, id), 0);
  const exist = all === 0 ? 'No tenant has a key yet.' : `Keys exist (${all}), and are shown only when they are made.`;
  return [exist, more];
}

/** What the command line needs to find this router from the same folder. */
function flagsFor(router: Router, terminal: Terminal): string {
  const { port, host } = router.server.address;
  const url = port === 7443 && host === '127.0.0.1' ? '' : ` --url ${localUrl(router)}`;
  const data = router.manager.config.data_dir;
  return `${url}${data === join(terminal.cwd, '.atp') ? '' : ` --data-dir ${data}`}`;
}
