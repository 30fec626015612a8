import { hash, randomBytes } from 'node:crypto';
import type { Credential, MessageSpan, SessionStore } from '@atp-router/adapters';
import { AtpError } from '@atp-router/kernel';
import { digestsFrom, KeyRing, Sealer } from '@atp-router/wire';
import type { Signing } from '@atp-router/session';
import type { Engine } from '../engine/engine.ts';
import type { LedgerHandle } from '../ledger-handle.ts';
import type { AgentHub } from './agents/agent-hub.ts';
import { SessionFlow } from './flow/session-flow.ts';
import type { SessionObserver } from './observer.ts';
import type { KeptSessions, SessionOwner, SessionsElsewhere } from './hub-types.ts';
import { callOf } from './keeper.ts';
import { inTurns } from './in-turns.ts';
import { SessionHub } from './session-hub.ts';
import { taskRequest } from './task.ts';

/** 128 bits are beyond guessing; these are twice as many. */
const SECRET_BYTES = 32;

/** Sessions that are held, connected or not: as many as the listener takes connections. */
export const SESSIONS_MAX = 32_768;

export interface OpenHubOptions {
  readonly sessions_max?: number;
  /** Default: as many. */
  readonly tenant_sessions_max?: number;
  /** Frames get a checksum where the client asks for it, too (S55). */
  readonly checksums?: boolean;
  /** Sessions outlive the process; without it they end with it. */
  readonly kept?: KeptSessions | undefined;
  readonly observer?: SessionObserver;
  readonly traced?: ((span: MessageSpan) => void) | undefined;
  /** Agents that dial in; without them every session is a client's only. */
  readonly agents?: Pick<AgentHub, 'peerOf'>;
  /** Other processes of this router that may have sessions. */
  readonly elsewhere?: SessionsElsewhere | undefined;
}

/** The sessions of a router, whose tasks are calls of its engine. */
export function openSessionHub(
  engine: Engine,
  node_id: string,
  {
    sessions_max = SESSIONS_MAX,
    tenant_sessions_max = sessions_max,
    checksums = false,
    kept,
    observer = UNWATCHED,
    traced,
    agents,
    elsewhere,
  }: OpenHubOptions = {},
): SessionHub {
  const { ambient, hash: hex, onFault } = engine.parts;
  const { clock, timers, rng, call_ids } = ambient;
  const digests = digestsFrom((bytes) => hash('sha256', bytes, 'buffer'));
  const sealer = new Sealer(digests);
  return new SessionHub({
    ...{ clock, timers, node_id, sessions_max, tenant_sessions_max, checksums },
    ports: {
      rng,
      digests,
      secret: () => randomBytes(SECRET_BYTES).toString('base64url'),
      sealer,
    },
    authenticate: (token) => ownerOfKey(engine, token === undefined ? {} : { authorization: `Bearer ${token}` }),
    knows: ({ tenant, key_id }) => engine.generation.keys.isActive({ kind: 'tenant', tenant, key_id }),
    flow: flowOf(engine),
    signingOf: ({ tenant }) => signingOf(engine, tenant, sealer),
    mustSign: ({ tenant }) => engine.generation.tenants.get(tenant)?.must_sign ?? false,
    born: () => call_ids.next(clock.now_ms()),
    ...(kept && { kept }),
    elsewhere,
    ...(agents && { peerOf: (owner) => agents.peerOf(owner) }),
    startTask: (frame, stream, owner, call_id) => {
      const started_ms = clock.now_ms();
      const origin = { call_id, started_ms, started_mono_ms: clock.mono_ms(), ...owner };
      engine.submit(taskRequest(frame, stream, origin, engine.generation.limits, hex));
    },
    observer,
    ...(traced && { traced }),
    onEvent: (event) => engine.parts.log.append(event),
    onFault,
  });
}

function flowOf(engine: Engine): SessionFlow {
  const { gate, windows, parts } = engine;
  return new SessionFlow({
    ...{ gate, windows, clock: parts.ambient.clock, timers: parts.ambient.timers, accounts: parts.accounts },
    generation: () => engine.generation,
    congested: (sign) => parts.watch?.congested(sign),
  });
}

/** A start may find a task in each session; the tables refuse who asks too much at once, and operators ask as well. */
const QUESTIONS_AT_ONCE = 16;

/**
 * Sessions that outlive the process. Where routers share them, the store notes what has begun: the journal of another
 * router cannot be asked. Else the journal has a call before anything is sent upstream, and tells after a crash that
 * it was interrupted: what it does not know was never begun.
 */
export function keptSessions(
  store: SessionStore,
  { start, usage }: Pick<LedgerHandle, 'start' | 'usage'>,
): KeptSessions {
  const { shared } = store;
  if (shared !== undefined) {
    return {
      store,
      asks_always: true,
      hadBegun: async (session, stream_id) => !(await shared.begin(session, stream_id)),
    };
  }
  // The tables may not have these yet.
  const recovered = new Set(start.recovered.map(({ call_id }) => call_id));
  const inTables = inTurns(QUESTIONS_AT_ONCE, (call_id: string) => usage.get(call_id));
  return {
    store,
    asks_always: false,
    hadBegun: async ({ born }, stream_id) => {
      const call_id = callOf(born, stream_id);
      return recovered.has(call_id) || (await inTables(call_id)) !== undefined;
    },
  };
}

/** Who a key belongs to, as it stands in the headers of a handshake. Throws `unauthorized`. */
export function ownerOfKey(engine: Engine, credential: Credential): SessionOwner {
  const headers = { authorization: credential.authorization, 'x-api-key': credential['x-api-key'] };
  const result = engine.generation.keys.authenticate(headers, engine.parts.hash);
  if (!result.ok) throw result.error;
  const { principal } = result;
  if (principal.kind === 'tenant') return { tenant: principal.tenant, key_id: principal.key_id };
  throw new AtpError('policy_denied', 'An admin key cannot be used for sessions. Use a key of a tenant.');
}

/** The keys are looked up for each frame: a rotation is in force at once. Undefined for a tenant that has none now. */
function signingOf(engine: Engine, tenant: string, sealer: Sealer): Signing | undefined {
  const ring = (): KeyRing | undefined => engine.generation.tenants.get(tenant)?.signing;
  if (ring() === undefined) return undefined;
  return {
    sealer,
    get ring() {
      return ring() ?? NO_KEYS;
    },
  };
}

/** Watches nothing. */
const UNWATCHED: SessionObserver = {
  frame: () => undefined,
  unreadable: () => undefined,
  effect: () => undefined,
  window: () => undefined,
  refused: () => undefined,
};

const NO_KEYS = new KeyRing([]);
