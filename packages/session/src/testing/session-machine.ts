import { seededRng } from '@atp-router/kernel';
import {
  type Digests,
  type FragmentPolicy,
  REASSEMBLY_LIMITS,
  Sealer,
  toBase64Url,
  type Window,
} from '@atp-router/wire';
import type { SessionOptions } from '../options.ts';
import { Session } from '../session.ts';
import { Draw } from '@atp-router/kernel/testing';
import { seedFor } from './seed-for.ts';
import { SIM_KEYS } from './keys.ts';
import type { SessionHeld } from '../view.ts';
import type { Machine, MachineSetup, MakeMachine } from './machine.ts';
import type { Setting } from './plan.ts';

/** What a session of a history has before it is told otherwise. */
export const FIRST_WINDOW: Window = { max_parallel: 100 };

/** Makes the sessions of a simulation: the real ones, with small limits, whose random choices follow from a seed. */
export function sessionMachines(digests: Digests): MakeMachine {
  const signing = { sealer: new Sealer(digests), ring: SIM_KEYS };
  return (setup: MachineSetup): Machine => {
    const { side, session_id, setting, seed, from, now_ms } = setup;
    const options: SessionOptions = {
      role: side,
      session_id,
      ports: { rng: seededRng(seedFor(seed, 'spread')), digests, secret: secretsOf(seed) },
      encodings: setting.encodings,
      ...(setting.signed && { features: ['sig'], signing }),
      node_id: side,
      window: FIRST_WINDOW,
      limits: {
        pending_messages: setting.ends[side].pending_messages,
        resume_ttl_ms: setting.resume_ttl_ms,
        unsettled_messages: LIMITS.messages,
        outbox_bytes: LIMITS.outbox_bytes,
        flight_bytes: LIMITS.flight_bytes,
        waiting_bytes: setting.tight ? LIMITS.tight_bytes : LIMITS.waiting_bytes,
        ...countsOf(setting),
      },
      reassembly: {
        ...REASSEMBLY_LIMITS,
        open_messages: LIMITS.open_messages,
        buffer_bytes: setting.tight ? LIMITS.tight_bytes : LIMITS.buffer_bytes,
      },
      fragments: policyOf(setting.fragment_bytes),
      durable: setting.ends[side].durable,
    };
    return from === undefined ? new Session(options) : Session.restore(options, from, now_ms);
  };
}

/**
 * So small that histories come to them. As with the defaults, what may be in flight and one message of the largest size fit
 * into what a receiver keeps of incomplete messages, where a fragment of 128 bytes costs some eight times as much; but for
 * tight settings, in which messages get into each other's way until they expire.
 */
const LIMITS = {
  messages: 40,
  outbox_bytes: 20_000,
  flight_bytes: 8_000,
  waiting_bytes: 40_000,
  open_messages: 16,
  buffer_bytes: 120_000,
  tight_bytes: 12_000,
};

/** What an end may have taken and not settled; the session adds the end of a stream that failed by itself. */
export const UNSETTLED_MAX: number = LIMITS.messages;

/** As small as the rest. Ends that are in order come to those of a tight setting, which cost them time and no message. */
function countsOf({ tight }: Setting): Record<'session_lanes' | 'gaps' | 'resets' | 'lingering' | 'nonces', number> {
  return { session_lanes: tight ? 3 : 40, gaps: tight ? 8 : 60, resets: 40, lingering: 3, nonces: tight ? 200 : 2_000 };
}

/** The largest message of a history, with what it is counted for beside its content. */
const MESSAGE_BYTES = 8_000;

/**
 * What a session may hold at most: each of its buffers full, and the message that filled the outbox. The next message of its
 * lane may be a gap in pieces although there is no room for one.
 */
export function heldMax(setting: Setting): Omit<SessionHeld, 'messages'> {
  const { session_lanes, gaps, ...rest } = countsOf(setting);
  const bytes = LIMITS.outbox_bytes + MESSAGE_BYTES + LIMITS.waiting_bytes + LIMITS.buffer_bytes;
  return { ...rest, bytes, lanes: session_lanes, gaps: gaps + LIMITS.open_messages };
}

function policyOf(bytes: number): FragmentPolicy {
  const sizes = { text_bytes: bytes, binary_bytes: bytes * 2 };
  return { gold: sizes, silver: sizes, bronze: sizes };
}

function secretsOf(seed: number): () => string {
  const draw = new Draw(seedFor(seed, 'secrets'));
  return () => toBase64Url(Uint8Array.from({ length: 16 }, () => draw.int(0, 255)));
}
