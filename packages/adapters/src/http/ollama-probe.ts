import { isJsonObject } from '@atp-router/kernel';
import { Agent, request } from 'undici';
import type { OllamaModel, OllamaProbe } from '../config/discover.ts';

export interface ProbeOptions {
  /** Longest wait for each answer, in milliseconds; whoever starts the router waits for it too. */
  readonly timeout_ms: number;
}

const PORT_DEFAULT = '11434';
/** Asked about their capabilities; a machine with more is asked for the first ones only. */
const MODELS_MAX = 64;
const CONNECTIONS_MAX = 4;
/** The description of one model holds its licence and the list of its tensors. */
const ANSWER_BYTES_MAX = 16_777_216;

/**
 * Address of the local Ollama, from the variable that its own client reads: `OLLAMA_HOST` may be a host, `host:port` or
 * an address. A server that listens on all interfaces is reached on loopback.
 */
export function ollamaUrl(host: string | undefined): string {
  const text = (host ?? '').trim().replace(/\/+$/, '');
  const full = /^https?:\/\//.test(text) ? text : `http://${text === '' ? '127.0.0.1' : text}`;
  if (!URL.canParse(full)) return `http://127.0.0.1:${PORT_DEFAULT}`;
  const url = new URL(full);
  if (!/:\d+(\/|$)/.test(full.slice(url.protocol.length))) url.port = PORT_DEFAULT;
  if (url.hostname === '0.0.0.0' || url.hostname === '[::]') url.hostname = '127.0.0.1';
  return `${url.protocol}//${url.host}`;
}

/** Asks an Ollama server for its models; undefined when there is none, or it does not answer in time. */
export async function probeOllama(base_url: string, options: ProbeOptions): Promise<OllamaProbe | undefined> {
  const { timeout_ms } = options;
  const agent = new Agent({
    connections: CONNECTIONS_MAX,
    maxResponseSize: ANSWER_BYTES_MAX,
    connect: { timeout: timeout_ms },
  });
  const ask = async (path: string, body?: object): Promise<unknown> => {
    const { statusCode, body: answer } = await request(`${base_url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      dispatcher: agent,
      signal: AbortSignal.timeout(timeout_ms),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const value: unknown = await answer.json();
    return statusCode === 200 ? value : undefined;
  };
  try {
    const tags = await ask('/api/tags');
    if (!isJsonObject(tags) || !Array.isArray(tags['models'])) return undefined;
    const names = (tags['models'] as readonly unknown[])
      .map((entry) => (isJsonObject(entry) ? entry['name'] : undefined))
      .filter((name) => typeof name === 'string')
      .slice(0, MODELS_MAX);
    return { base_url, models: await Promise.all(names.map((name) => describe(name, ask))) };
  } catch {
    return undefined;
  } finally {
    await agent.destroy();
  }
}

async function describe(name: string, ask: (path: string, body: object) => Promise<unknown>): Promise<OllamaModel> {
  const shown = await ask('/api/show', { model: name }).catch(() => undefined);
  if (!isJsonObject(shown)) return { name };
  const { capabilities, parameters } = shown;
  const words = Array.isArray(capabilities) ? capabilities.filter((word) => typeof word === 'string') : undefined;
  // The window that the server really uses, not the one the model was trained with: what is longer is cut off silently.
  const context = typeof parameters === 'string' ? /^num_ctx\s+(\d+)$/m.exec(parameters)?.[1] : undefined;
  return {
    name,
    ...(context === undefined ? {} : { context: Number(context) }),
    ...(words === undefined ? {} : { capabilities: words }),
  };
}
