import { createHash, randomBytes } from 'node:crypto';
import { seededRng } from '@atp-router/kernel';
import { Session, type SessionEffect, type SessionInput, type SessionOptions } from '@atp-router/session';
import { digestsFrom, type Frame, KeyRing, type Lane, Sealer } from '@atp-router/wire';

const digests = digestsFrom((bytes) => createHash('sha256').update(bytes).digest());
const sealer = new Sealer(digests);
const ring = new KeyRing([
  { kid: 'k', secret: Buffer.alloc(32, 7), not_before_ms: 0, not_after_ms: Number.POSITIVE_INFINITY },
]);
const ports = { rng: seededRng(1), digests, secret: (): string => randomBytes(16).toString('base64url') };

/** About 200 bytes of JSON, as most messages of a stream are. */
const MESSAGE = {
  payload: {
    type: 'agent.result.partial',
    content: 'a piece of an answer, as a model makes one: some twenty words, more or less, in a row',
  },
} as const;

export function optionsOf(role: SessionOptions['role'], session_id: string, is_signed: boolean): SessionOptions {
  const signing = is_signed ? { signing: { sealer, ring }, features: ['sig'] } : {};
  return { role, ports, session_id, encodings: ['cbor', 'json'], ...signing };
}

/** One end of a session with the application of this bench: it consumes what comes, and sends as much as it may. */
export class End {
  readonly session: Session;
  readonly #out: (frame: Frame) => void;
  readonly #lane: Lane;
  /** Whether it sends by itself once it may. */
  readonly #sends: boolean;
  handed_on = 0;
  established = false;

  constructor(options: SessionOptions, sends: boolean, out: (frame: Frame) => void) {
    this.session = new Session(options);
    this.#out = out;
    this.#sends = sends;
    this.#lane = { stream_id: options.role === 'client' ? '1' : '2', persona_id: '', clone_id: '' };
  }

  handle(input: SessionInput): void {
    this.#do(this.session.handle(input, performance.now()));
  }

  frame(frame: Frame, bytes: number): void {
    this.handle({ type: 'frame', frame, bytes, wall_ms: Date.now() });
  }

  /** Sends until the session takes no more. */
  fill(): void {
    while (this.session.refusal(this.#lane, performance.now()) === undefined) {
      this.handle({ type: 'send', lane: this.#lane, message: MESSAGE });
    }
    // Only who was refused is told when there is room.
    this.handle({ type: 'send', lane: this.#lane, message: MESSAGE });
  }

  timeout(): void {
    const { deadline_ms } = this.session;
    if (deadline_ms !== undefined && deadline_ms <= performance.now()) this.handle({ type: 'timeout' });
  }

  #do(effects: readonly SessionEffect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'send':
          this.#out(effect.frame);
          break;
        case 'deliver':
          this.handed_on += 1;
          this.handle({ type: 'consumed', id: effect.id });
          break;
        case 'established':
          this.established = true;
          if (this.#sends) this.fill();
          break;
        case 'writable':
          if (this.#sends) this.fill();
          break;
        case 'closed':
          throw new Error(`the session was closed: ${JSON.stringify(effect.error)}`);
        default:
      }
    }
  }
}
