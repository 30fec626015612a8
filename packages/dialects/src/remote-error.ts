import { AtpError, type ErrorCode, isJsonObject, type JsonObject } from '@atp-router/kernel';
import type { RemoteError } from './model.ts';

export function parseJsonObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const MESSAGE_CHARS_MAX = 2_000;

/** Remote texts are shown to clients, so they are bounded, and an HTML error page is reduced to a phrase. */
export function shorten(message: string): string {
  const text = message.trim();
  if (text.startsWith('<')) return 'the provider answered with an HTML page instead of JSON';
  return text.length > MESSAGE_CHARS_MAX ? `${text.slice(0, MESSAGE_CHARS_MAX)}…` : text;
}

export function kindOfStatus(status: number): RemoteError['kind'] {
  if (status === 401) return 'unauthorized';
  // DeepSeek, OpenRouter and others: the router's account there is empty.
  if (status === 402) return 'quota';
  if (status === 403) return 'permission';
  if (status === 404) return 'not_found';
  if (status === 413) return 'too_large';
  if (status === 429) return 'rate_limited';
  if (status === 503 || status === 529) return 'overloaded';
  if (status >= 400 && status < 500) return 'invalid_request';
  return 'server';
}

/** Statuses that mean something else than their family: timeouts, lock conflicts and "too early" pass by themselves. */
export function passesByItself(status: number): boolean {
  return status === 408 || status === 409 || status === 425;
}

const CODE: Readonly<Record<RemoteError['kind'], ErrorCode>> = {
  invalid_request: 'upstream_rejected',
  unauthorized: 'upstream_error',
  permission: 'upstream_error',
  not_found: 'upstream_error',
  too_large: 'prompt_too_large',
  rate_limited: 'rate_limited',
  quota: 'upstream_error',
  overloaded: 'upstream_error',
  server: 'upstream_error',
  content_filter: 'upstream_rejected',
};

/** Errors in the request itself. All others are between provider and operator, and their texts name accounts and limits. */
const TOLD: ReadonlySet<RemoteError['kind']> = new Set(['invalid_request', 'too_large', 'content_filter']);

/** Ids of organisations and projects, which OpenAI puts into many of its texts. */
const ACCOUNT_IDS = /\b(?:org|proj)[-_][A-Za-z0-9]{6,}/g;

/**
 * What the client is told when a provider's error ends the call. Faults in the router's own credentials or account are
 * not the client's fault and become 502; the provider's text is told for errors in the request itself only, and is the
 * `cause` of all others.
 */
export function remoteToAtpError(remote: RemoteError, provider: string, retry_after_ms?: number): AtpError {
  const passes = passesByItself(remote.status);
  const code = codeOf(remote, passes);
  const told = !passes && TOLD.has(remote.kind);
  const said = !told || remote.message === '' ? '' : ` It said: ${remote.message.replace(ACCOUNT_IDS, '[account]')}`;
  const phrase = phraseOf(remote, passes, provider);
  return new AtpError(code, `${phrase}${said}`, {
    origin: 'remote',
    details: { provider, upstream_status: remote.status },
    ...(told ? {} : { cause: remote.message }),
    ...(code === 'upstream_rejected' && remote.status >= 400 && remote.status < 500 ? { status: remote.status } : {}),
    ...(retry_after_ms === undefined ? {} : { retry_after_ms }),
  });
}

/** What may pass by itself is no verdict on the request, and the client may try again. */
function codeOf({ status, kind }: RemoteError, passes: boolean): ErrorCode {
  if (status === 408) return 'upstream_timeout';
  return passes ? 'upstream_error' : CODE[kind];
}

function phraseOf({ status, kind }: RemoteError, passes: boolean, provider: string): string {
  if (isRedirect(status)) return redirected(provider, status);
  if (status === 408) return `Provider "${provider}" gave up waiting.`;
  return PHRASE[passes ? 'server' : kind](provider);
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400;
}

/** Following one would take the router's key to wherever it points. */
function redirected(provider: string, status: number): string {
  return `Provider "${provider}" answered with a redirect (status ${status}), which the router does not follow; the operator has to check its base_url.`;
}

const PHRASE: Readonly<Record<RemoteError['kind'], (provider: string) => string>> = {
  invalid_request: (p) => `Provider "${p}" refused the request.`,
  unauthorized: (p) => `Provider "${p}" refused the router's credentials; the operator has to check its api_key.`,
  permission: (p) => `Provider "${p}" denied the router access to this model.`,
  not_found: (p) => `Provider "${p}" does not know this model or path.`,
  too_large: (p) => `The prompt is too large for the model at provider "${p}".`,
  rate_limited: (p) => `Provider "${p}" is limiting the router's rate.`,
  quota: (p) => `The router's account at provider "${p}" has no quota left.`,
  overloaded: (p) => `Provider "${p}" is overloaded.`,
  server: (p) => `Provider "${p}" failed.`,
  content_filter: (p) => `Provider "${p}" refused the content.`,
};
