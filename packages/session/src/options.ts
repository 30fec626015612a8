import type { Rng } from '@atp-router/kernel';
import type { Digests, FragmentPolicy, KeyRing, ReassemblyLimits, Sealer, Window } from '@atp-router/wire';
import type { SessionLimits } from './limits.ts';

/** What a session takes from outside instead of reaching for it. One object serves all sessions of a process. */
export interface SessionPorts {
  /** Spreads timers. */
  readonly rng: Rng;
  readonly digests: Digests;
  /** A new secret of at least 128 random bits, of the characters of base64url: resume tokens, nonces. */
  readonly secret: () => string;
  /** Makes and checks the checksums of frames (S37, S55), also where nothing is signed; without it only a signature's sealer does. */
  readonly sealer?: Sealer;
}

/** Signs what is sent and checks what comes, once both ends have named the feature `sig`. */
export interface Signing {
  readonly sealer: Sealer;
  readonly ring: KeyRing;
}

export interface SessionOptions {
  readonly role: 'client' | 'server';
  readonly ports: SessionPorts;
  /** Chosen by a client at random; a server has it from the first frame. */
  readonly session_id: string;
  /** Best first; default both, JSON first. */
  readonly encodings?: readonly ('json' | 'cbor')[];
  readonly compression?: readonly string[];
  readonly features?: readonly string[];
  /** Name of this node: for `meta.node_id` of the hello, and for finding loops. */
  readonly node_id?: string;
  /** Credential of a client, where the transport has none. */
  readonly token?: string;
  /** What the other end may have outstanding: of a server the most that it grants. */
  readonly window?: Window;
  /** What a client would like to have. */
  readonly wanted_window?: Window;
  readonly limits?: Partial<SessionLimits>;
  readonly reassembly?: ReassemblyLimits;
  readonly fragments?: FragmentPolicy;
  readonly signing?: Signing;
  /** Acknowledgements and deliveries wait until what they need is saved. */
  readonly durable?: boolean;
}
