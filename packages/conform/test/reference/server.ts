import { createHash, randomBytes } from 'node:crypto';
import {
  type Credential,
  type FrameAcceptor,
  type FrameConnection,
  type FramePrincipal,
  FrameStreams,
  FrameWebSockets,
  type HttpExchange,
  listen,
} from '@atp-router/adapters';
import { AtpError, type FrameConnectionLimits, seededRng } from '@atp-router/kernel';
import { judgeFirstFrame, type SessionLimits, type SessionOptions } from '@atp-router/session';
import {
  digestsFrom,
  errorPayload,
  type Frame,
  KeyRing,
  type Payload,
  Sealer,
  SIGNATURE_REFUSAL,
  toBase64Url,
} from '@atp-router/wire';
import type { SigningSecret } from '../../src/index.ts';
import { AGENT_RULES, type AgentRules } from './agent-instance.ts';
import { ReferenceAgents } from './agents.ts';
import { ReferenceConnection, ReferenceSession } from './host.ts';

export const KEY = 'key-of-the-reference-server';
export const AGENT_KEY = 'key-of-its-agents';
export const OTHER_KEY = 'key-of-somebody-else';
const TENANTS: ReadonlyMap<string, string> = new Map([
  [KEY, 'acme'],
  [AGENT_KEY, 'acme'],
  [OTHER_KEY, 'other'],
]);
/** As the judges have to be told. */
export const AGENT_TIMES: Pick<AgentRules, 'estimate_ms' | 'idle_ms' | 'reconnect_ms'> = AGENT_RULES;
export const SECRETS: readonly SigningSecret[] = ['one', 'two'].map((kid) => ({
  kid,
  secret: createHash('sha256').update(`secret ${kid}`).digest(),
}));

export interface ReferenceOptions {
  readonly session?: Partial<SessionLimits>;
  readonly connections?: Partial<FrameConnectionLimits>;
  readonly agents?: Partial<AgentRules>;
}

export interface Reference {
  readonly port: number;
  close(): Promise<void>;
}

/** Longer than the third sending of a message takes. */
export const LIFETIME_MS = 4_500;

/** Long timers are short here, so that what takes minutes elsewhere is judged in seconds. */
const SESSION_LIMITS: Partial<SessionLimits> = {
  interval_ms: 1_000,
  idle_fin_ms: 5_000,
  resume_ttl_ms: 3_000,
  resend_lifetime_ms: LIFETIME_MS,
};
const CONNECTION_LIMITS: Partial<FrameConnectionLimits> = {
  first_frame_ms: 4_000,
  // Of many judges at once on a busy machine one may not come to its second request within three seconds.
  absent_ms: 6_000,
  heartbeat_ms: 500,
};

/** A server made of the rooms themselves, without a router: sessions, wire, and the shells of connections. */
export async function startReference({
  session = {},
  connections = {},
  agents,
}: ReferenceOptions = {}): Promise<Reference> {
  const acceptor = new ReferenceAcceptor({ ...SESSION_LIMITS, ...session }, new ReferenceAgents(agents));
  const limits = { ...CONNECTION_LIMITS, ...connections };
  const sockets = new FrameWebSockets({ acceptor, path: '/ws', refuse: refuseJson, limits });
  const streams = new FrameStreams({ acceptor, path: '/v1/streams', refuse: refuseJson, limits });
  const serve = (exchange: HttpExchange): void => {
    const [, , , id = '', what] = exchange.path.split('/');
    if (exchange.path === '/ws') sockets.decline(exchange);
    else if (what === 'frames') streams.push(exchange, id);
    else if (what === 'events') streams.events(exchange, id);
    else if (exchange.path === '/v1/streams') streams.open(exchange);
    else exchange.reply(404, [], 'none');
  };
  const times = { keep_alive_ms: 60_000, header_timeout_ms: 60_000 };
  const options = { host: '127.0.0.1', port: 0, header_bytes: 8_192, connections_max: 4_096, ...times };
  const http = await listen({ ...options, onRequest: serve, upgrade: sockets });
  return { port: http.address.port, close: async () => void (await http.close()) };
}

class ReferenceAcceptor implements FrameAcceptor {
  readonly #limits: Partial<SessionLimits>;
  readonly #agents: ReferenceAgents;
  readonly #sessions: Map<string, ReferenceSession> = new Map();
  readonly #digests = digestsFrom((bytes) => createHash('sha256').update(bytes).digest());
  readonly #sealer = new Sealer(this.#digests);
  readonly #rng = seededRng(1);
  readonly #ring = new KeyRing(
    SECRETS.map((key, i) => ({ ...key, not_before_ms: i, not_after_ms: Number.MAX_SAFE_INTEGER })),
  );

  constructor(limits: Partial<SessionLimits>, agents: ReferenceAgents) {
    this.#limits = limits;
    this.#agents = agents;
  }

  identify({ authorization, 'x-api-key': api_key }: Credential): FramePrincipal {
    const key = authorization === undefined ? api_key : authorization.replace(/^Bearer /, '');
    const tenant = TENANTS.get(key ?? '');
    if (tenant === undefined) throw new AtpError('unauthorized', 'The key is not known.');
    return { tenant, key_id: 'k1' };
  }

  accept(connection: FrameConnection): ReferenceConnection {
    return new ReferenceConnection(connection, (to, frame) => this.#find(to, frame));
  }

  onFault(error: unknown): void {
    throw error;
  }

  #find({ principal }: FrameConnection, frame: Frame): ReferenceSession | Payload {
    const first = judgeFirstFrame(frame);
    if (this.#sealer.checkChecksum(frame) === 'bad') return errorPayload('EPROTO');
    if (first.type === 'refused') return first.answer.payload ?? errorPayload('EPROTO');
    const refused: Payload = { type: 'error', content: SIGNATURE_REFUSAL };
    const tenant = principal?.tenant ?? TENANTS.get((first.type === 'open' ? first.token : undefined) ?? '');
    if (first.type === 'open' && tenant === undefined) return refused;
    const there = this.#sessions.get(first.session_id);
    if (there !== undefined) return there.session.admits(frame) ? there : refused;
    if (first.type === 'resume') return refused;
    const { session_id } = first;
    const shared = { tenant: tenant ?? '', agents: this.#agents };
    const made = new ReferenceSession(this.#options(session_id), shared, () => this.#sessions.delete(session_id));
    this.#sessions.set(session_id, made);
    return made;
  }

  #options(session_id: string): SessionOptions {
    const secret = (): string => toBase64Url(randomBytes(16));
    return {
      ...{ role: 'server', session_id, node_id: 'reference', features: ['sig', 'checksum'], limits: this.#limits },
      ports: { rng: this.#rng, digests: this.#digests, secret },
      signing: { sealer: this.#sealer, ring: this.#ring },
    };
  }
}

function refuseJson(exchange: HttpExchange, error: AtpError, headers: readonly string[] = []): void {
  const { status, code, message, param } = error;
  const body = JSON.stringify({ error: { code, message, param: param ?? null } });
  exchange.reply(status, ['content-type', 'application/json', ...headers], body);
}
