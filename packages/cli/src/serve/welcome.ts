import { join } from 'node:path';
import type { ListenAddress } from '@atp-router/adapters';
import { printable } from '../print/text.ts';
import { commandName, type Terminal } from '../terminal.ts';
import { localUrl, type TlsFacts, type WelcomeFacts } from './facts.ts';

/** What a start prints. */
export function welcome(
  facts: WelcomeFacts,
  address: ListenAddress,
  options: { readonly json?: boolean },
  terminal: Terminal,
): string {
  return options.json === true ? welcomeJson(facts, address) : welcomeText(facts, address, terminal);
}

/** The start as one line of JSON, for programs. The key is in it, and nowhere else. */
function welcomeJson(facts: WelcomeFacts, address: ListenAddress): string {
  const { made } = facts;
  const url = localUrl(address, facts.tls !== undefined);
  const line = {
    event: 'listening',
    url,
    version: facts.version,
    node_id: facts.node_id,
    config: facts.config,
    data_dir: facts.data_dir,
    simulated: facts.simulated !== 'none',
    providers: facts.providers,
    tenant: made.key?.tenant ?? null,
    key: made.key?.secret ?? null,
    admin_key_made: made.admin_key,
    curl: curlLine(facts, url) ?? null,
  };
  return `${JSON.stringify(line)}\n`;
}

/** The start in words, for people. */
function welcomeText(facts: WelcomeFacts, address: ListenAddress, terminal: Terminal): string {
  const url = localUrl(address, facts.tls !== undefined);
  const lines = [
    `ATP Router ${facts.version} is listening on ${url}`,
    '',
    `  configuration   ${facts.config ?? 'none: no --config, and no atp.yaml in this folder'}`,
    ...listed('providers', facts.provider_lines),
    ...listed('tenants', facts.tenant_lines),
    `  data directory  ${facts.data_dir}`,
    ...(facts.made.admin_key ? ['  admin key       in admin.key of the data directory, for atp on this machine'] : []),
    `  OpenAI clients  base URL ${url}/v1    Anthropic clients  base URL ${url}`,
    ...warning(facts),
    '',
    ...keyLines(facts, address, url, terminal),
    ...tryLines(facts, url),
  ];
  return `${lines.join('\n')}\n\n`;
}

const LISTED_MAX = 8;
const LABEL_CHARS = 16;

function listed(label: string, entries: readonly string[]): string[] {
  const shown = entries.slice(0, LISTED_MAX);
  if (entries.length > shown.length) shown.push(`and ${entries.length - shown.length} more`);
  return shown.map((entry, i) => `  ${(i === 0 ? label : '').padEnd(LABEL_CHARS)}${printable(entry)}`);
}

function warning({ simulated, config }: WelcomeFacts): string[] {
  if (simulated === 'none') return [];
  const keys = 'OPENAI_API_KEY, ANTHROPIC_API_KEY or GEMINI_API_KEY';
  const what =
    simulated === 'all' ? 'every answer is invented, and says so' : 'every answer of a chat is invented, and says so';
  if (config !== null) return ['', `SIMULATED: ${what}.`];
  const help =
    simulated === 'all'
      ? `No provider was found: set ${keys}, start Ollama, or write atp.yaml.`
      : `No chat model was found: pull one into Ollama, set ${keys}, or write atp.yaml.`;
  return ['', `SIMULATED: ${what}. ${help}`];
}

/**
 * A request that works as printed, when the certificate of a listener with TLS names the address. Without a key in hand,
 * the shell puts one in.
 */
function curlLine({ model, made, tls }: WelcomeFacts, url: string): string | undefined {
  if (model === undefined) return undefined;
  const key = made.key?.secret ?? '$ATP_API_KEY';
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Say hello.' }] });
  // Model ids may hold no quote (the configuration sees to it), so the body needs no escaping.
  const start = ['curl -sS', ...tlsFlags(tls)].join(' ');
  return `${start} ${url}/v1/chat/completions -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" -d '${body}'`;
}

const CLIENT_FLAGS = '--cert client.pem --key client.key';

/** How curl comes to trust the listener, for which its own certificate is enough, and is let in. */
function tlsFlags(tls: TlsFacts | undefined): string[] {
  if (tls === undefined) return [];
  const trust = `--cacert ${tls.cert_file === undefined ? 'ca.pem' : shellWord(tls.cert_file)}`;
  return tls.asks_for_certificates ? [trust, CLIENT_FLAGS] : [trust];
}

function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** What to type, and what to put in its place where the start cannot know it. */
function tryLines(facts: WelcomeFacts, url: string): string[] {
  const curl = curlLine(facts, url);
  if (curl === undefined) return [];
  const head =
    facts.made.key === undefined
      ? ['Try it, with a key in place of atp_…:', '', '  export ATP_API_KEY=atp_…']
      : ['Try it:', ''];
  return ['', ...head, `  ${curl}`, ...tlsNotes(facts.tls, url)];
}

function tlsNotes(tls: TlsFacts | undefined, url: string): string[] {
  if (tls === undefined) return [];
  const trust = `--cacert: the certificate or its CA; the certificate has to name ${new URL(url).hostname}.`;
  const own = `${CLIENT_FLAGS}: yours, signed by listen.tls.client_ca.`;
  return ['', trust, ...(tls.asks_for_certificates ? [own] : [])];
}

function keyLines(facts: WelcomeFacts, address: ListenAddress, url: string, terminal: Terminal): string[] {
  const { made, tenant, keys } = facts;
  const atp = commandName(terminal);
  const more = `Another key: ${atp} keys create --tenant ${tenant ?? '<id>'}${flagsFor(facts, address, url, terminal)}`;
  if (made.key !== undefined) {
    return [`Key for tenant "${made.key.tenant}", shown this once:`, '', `  ${made.key.secret}`, '', more];
  }
  const exist =
    keys === 0 ? 'No tenant has a key yet.' : `Keys exist (${keys}), and are shown only when they are made.`;
  return [exist, more];
}

/** What the command line needs to find this router from the same folder. */
function flagsFor({ data_dir }: WelcomeFacts, { host, port }: ListenAddress, url: string, terminal: Terminal): string {
  const flag = port === 7443 && host === '127.0.0.1' ? '' : ` --url ${url}`;
  return `${flag}${data_dir === join(terminal.cwd, '.atp') ? '' : ` --data-dir ${data_dir}`}`;
}
