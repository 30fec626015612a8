import type { HttpExchange } from '@atp-router/adapters';
import type { Generation } from '../generation/generation.ts';

/** Who sent a request. */
export interface Principal {
  readonly tenant: string;
  readonly key_id: string;
}

/** Throws `AtpError unauthorized`. */
export type Authenticator = (exchange: HttpExchange, generation: Generation) => Principal;
