import type { AtpError, Clock } from '@atp-router/kernel';
import type { ValkeyAddress } from '../../valkey/connect.ts';
import { SESSION_STORE_LIMITS, type SessionStoreLimits } from '../types.ts';

/** Half may wait of what may wait for a file: sealed, in base64 and joined it is three times as much for a moment. */
export const VALKEY_SESSION_STORE_LIMITS: SessionStoreLimits = { ...SESSION_STORE_LIMITS, waiting_bytes: 134_217_728 };

/** A server that is started anew, or another that takes its place, is there within that. */
export const TIMEOUT_MS = 10_000;

export interface ValkeySessionStoreOptions extends ValkeyAddress {
  /** Before all keys, so that several groups of routers may use one server. */
  readonly prefix: string;
  /** 32 bytes, the same at all routers that share the server: seals what is stored. */
  readonly seal_key: Uint8Array;
  /** Who this is: the same after a restart, and nobody else. */
  readonly owner: string;
  /** Replicas that have to have a change before it counts as kept; 0: the server alone. */
  readonly wait_replicas: number;
  /** How long a save waits for a server that is away or slow. */
  readonly timeout_ms?: number;
  readonly clock: Clock;
  /** Told of sessions that are lost, and of changes that could not be written. */
  readonly on_problem: (problem: AtpError) => void;
  readonly limits?: SessionStoreLimits;
}
