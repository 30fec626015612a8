import type { ProviderConfig, UpstreamTransport } from '@atp-router/adapters';
import { AtpError, type Clock, isJsonObject, toAtpError } from '@atp-router/kernel';
import { endpointUrl, type ProviderDescription, providerOf } from '@atp-router/providers';
import { exchangeWhole } from '../engine/exchange-whole.ts';
import { answersIn, ASKED } from './everywhere.ts';
import type { AdminParts } from './parts.ts';
import { type AdminReply, type AdminRequest, type AdminRoutes, notFound, ok, param } from './routes.ts';

/** Somebody waits at a terminal; a provider that cannot list its models in this time is not well. */
const TIMEOUT_MS = 15_000;
/** For the answer of another process. */
const ANSWER_MS = TIMEOUT_MS + 3_000;
/** The longest list known (an aggregator's) has two megabytes. */
const REPLY_BYTES_MAX = 8_388_608;
const MODELS_MAX = 2_000;
const MODEL_CHARS_MAX = 256;
/** Each holds up to `REPLY_BYTES_MAX`. */
const CHECKS_MAX = 4;

/** What a live check found. A provider that refuses is `ok: false`, not an error of the request. */
export interface ProviderCheck {
  readonly ok: boolean;
  /** Until the whole answer was there, or the failure was known. */
  readonly latency_ms: number;
  /** What the key may use, as the provider says it. */
  readonly models?: readonly string[];
  readonly error?: { readonly code: string; readonly message: string; readonly status?: number };
}

/** `/providers/:id/check`: asks the provider for its models, with the key and address that calls would use. */
export function addProviderCheck(routes: AdminRoutes, parts: AdminParts): void {
  const check = checkProviderHere(parts);
  routes.action('/providers/:id/check', async (request: AdminRequest): Promise<AdminReply> => {
    const id = param(request);
    const is_of_agents = parts.manager.config.providers.some((one) => one.id === id && one.type === 'agent');
    // Agents have dialled in where calls are served; every other provider is reached from here as from there.
    const asked = is_of_agents ? parts.others?.ask(ASKED.check_provider, id, ANSWER_MS) : undefined;
    return ok(together([await check(id), ...answersIn<ProviderCheck>((await asked) ?? [])]));
  });
}

/** One that any process reaches is well, and has what any has. */
function together(all: readonly ProviderCheck[]): ProviderCheck {
  const [first, ...more] = all as readonly [ProviderCheck, ...ProviderCheck[]];
  if (more.length === 0) return first;
  const well = all.filter((one) => one.ok);
  const latency_ms = Math.max(...all.map((one) => one.latency_ms));
  if (well.length === 0) return { ...first, latency_ms };
  const models = [...new Set(well.flatMap((one) => one.models ?? []))].sort().slice(0, MODELS_MAX);
  return { ok: true, latency_ms, models };
}

/** Asks a provider of the configuration from this process, a few at a time. */
export function checkProviderHere(parts: AdminParts): (id: string) => Promise<ProviderCheck> {
  const { clock } = parts.engine.parts.ambient;
  let running = 0;
  return async (id) => {
    const provider = parts.manager.config.providers.find((one) => one.id === id);
    if (provider === undefined) throw notFound(`provider "${id}"`);
    if (running >= CHECKS_MAX) {
      throw new AtpError('backpressure', `${CHECKS_MAX} checks are running. Retry when they are done.`);
    }
    running += 1;
    try {
      return await checkProvider(provider, parts.transportOf(provider), clock);
    } finally {
      running -= 1;
    }
  };
}

/** Asks a provider for its models. Never throws for what the provider does. */
export async function checkProvider(
  provider: ProviderConfig,
  transport: UpstreamTransport,
  clock: Clock,
): Promise<ProviderCheck> {
  const began_ms = clock.mono_ms();
  const latency_ms = (): number => Math.round(clock.mono_ms() - began_ms);
  try {
    const description = providerOf(provider.type, provider.api);
    const reply = await exchangeWhole(transport, requestOf(provider, description), REPLY_BYTES_MAX);
    if (reply.status >= 300) return { ok: false, latency_ms: latency_ms(), error: refused(description, reply) };
    const models = readModels(description, reply.body);
    return { ok: true, latency_ms: latency_ms(), models };
  } catch (thrown) {
    const { code, message } = toAtpError(thrown);
    return { ok: false, latency_ms: latency_ms(), error: { code, message } };
  }
}

function requestOf(
  provider: ProviderConfig,
  description: ProviderDescription,
): Parameters<UpstreamTransport['send']>[0] {
  const endpoint = description.endpoint({ operation: 'models', upstream_model: '', stream: false });
  if (endpoint === undefined) {
    throw new AtpError('untranslatable', `Providers of type "${provider.type}" have no list of models to ask for.`);
  }
  const url =
    provider.base_url === undefined
      ? { origin: 'http://simulated.invalid', path: endpoint.path }
      : endpointUrl(description, provider.base_url, endpoint);
  return {
    ...url,
    method: 'GET',
    headers: description.headers(provider.api_key, Object.entries(provider.headers).flat()),
    head_timeout_ms: TIMEOUT_MS,
    idle_timeout_ms: TIMEOUT_MS,
  };
}

/** The provider's own words may hold a part of the key, so only its verdict is passed on. */
function refused(
  description: ProviderDescription,
  reply: { readonly status: number; readonly body: Buffer },
): NonNullable<ProviderCheck['error']> {
  const { status } = reply;
  const advice =
    status === 401 || status === 403
      ? 'The key is not accepted.'
      : status === 404
        ? `There is no list of models at this address. A base address looks like ${description.default_base_url}.`
        : status === 429
          ? 'The key is out of quota, or asked too often.'
          : 'It may be down.';
  return { code: 'upstream_error', message: `The provider answered ${status}. ${advice}`, status };
}

function readModels(description: ProviderDescription, body: Buffer): readonly string[] {
  let json: unknown;
  try {
    json = JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new AtpError('upstream_error', 'The provider answered something that is not JSON.', {
      origin: 'remote',
      cause,
    });
  }
  if (!isJsonObject(json))
    throw new AtpError('upstream_error', 'The provider answered no JSON object.', { origin: 'remote' });
  const ids = description.readModels(json).slice(0, MODELS_MAX);
  return ids.map((id) => id.slice(0, MODEL_CHARS_MAX));
}
