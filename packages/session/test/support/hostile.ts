import { randomInt, type Rng, seededRng } from '@atp-router/kernel';
import { type Acknowledgement, type Frame, type Payload, splitFrame } from '@atp-router/wire';
import { digests, SESSION_ID } from './pair.ts';

/** Pieces of 16 bytes, so that a small message has many. */
const SIZES = { text_bytes: 16, binary_bytes: 16 };
const POLICY = { gold: SIZES, silver: SIZES, bronze: SIZES };
/** The stream that behaves, whatever the others do. */
export const HONEST_STREAM = '1';
const FAR = 2 ** 40;
const LIST_MAX = 300;
const ACKS_MAX = 256;

/** What a hostile peer knows of the end that it is connected to. */
export interface Victim {
  /** Highest number that the end sent in a lane, by `stream/persona`. */
  readonly sent: ReadonlyMap<string, number>;
  /** Streams that the end opened, and those that it aborted. */
  readonly opened: readonly string[];
  readonly aborted: readonly string[];
}

/** Makes frames that are well-formed each by itself, and make no sense together. */
export class Hostile {
  readonly #rng: Rng;
  readonly #victim: Victim;
  #control = 1;
  #highest: number;
  readonly #personas: number;

  /** `highest` stream that is open; so many different personas. */
  constructor(seed: number, victim: Victim, highest: number, personas: number) {
    this.#rng = seededRng(seed);
    this.#victim = victim;
    this.#highest = highest;
    this.#personas = personas;
  }

  /** Some frames in a row. */
  frames(): Frame[] {
    const dice = this.#rng.next();
    if (dice < 0.3) return this.#times(8, () => this.#message());
    if (dice < 0.5) return this.#fragments();
    if (dice < 0.75) return [this.#acks()];
    if (dice < 0.82) return this.#times(4, () => this.#abort());
    if (dice < 0.88) return this.#times(30, () => this.#window(this.#one(['HB'], [], ['ECN'], ['HB', 'ECN'])));
    if (dice < 0.94) return this.#confirmed();
    return [this.#opening()];
  }

  int(low: number, high: number): number {
    return randomInt(this.#rng, low, high);
  }

  chance(share: number): boolean {
    return this.#rng.next() < share;
  }

  #one<T>(...of: readonly T[]): T {
    return of[this.int(0, of.length - 1)] as T;
  }

  #times<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.int(1, most) }, make);
  }

  /** Mostly one that may be open; streams are opened in leaps. What ends the session at once is rare. */
  #stream(): string {
    const dice = this.#rng.next();
    if (dice < 0.03) {
      this.#highest = Math.min(1_999, this.#highest + 2 * this.int(1, 2));
      return String(this.#highest);
    }
    if (dice < 0.0301) return this.#one('2000', '3999', 'none');
    if (dice < 0.15) return this.#one('0', ...this.#victim.opened);
    return String(3 + 2 * this.int(0, Math.max(0, (this.#highest - 3) / 2)));
  }

  #persona(stream_id: string): string | undefined {
    const dice = this.#rng.next();
    if (dice < 0.35) return undefined;
    return `p${this.int(0, dice < 0.6 || stream_id === '0' ? 3 : this.#personas)}`;
  }

  #number(): number {
    return this.#one(0, 0, 1, 2, this.int(0, 20), this.int(0, 300), 255, 254, 256, this.int(0, 4_096), FAR);
  }

  #message(content: string = 'x'.repeat(this.#one(1, 10, 1_000, 20_000))): Frame {
    const stream_id = this.#stream();
    const persona_id = this.#persona(stream_id);
    const msg_seq = this.#number();
    const opens = persona_id === undefined && msg_seq === 0 && Number(stream_id) % 2 === 1;
    const is_odd = stream_id !== '0' && this.chance(0.03);
    const flags = [...(opens === is_odd ? [] : ['SYN']), ...(is_odd && this.chance(0.7) ? ['FIN'] : [])];
    const payload: Payload = { type: 'agent.log', content, ...(persona_id !== undefined && { persona_id }) };
    return { v: 1, session_id: SESSION_ID, stream_id, msg_seq, payload, ...(flags.length > 0 && { flags }) };
  }

  /** Some fragments of a message, out of order, some of them moved far away or changed. */
  #fragments(): Frame[] {
    const pieces = splitFrame(this.#message('fragments '.repeat(this.int(4, 60))), digests, POLICY);
    return this.#times(6, () => {
      const piece = this.#one(...pieces, pieces.at(-1) as Frame);
      const dice = this.#rng.next();
      if (dice < 0.15) return { ...piece, frag_seq: this.#one(4_095, 4_096, 2_000, FAR) };
      if (dice < 0.25) return { ...piece, payload: { ...(piece.payload as Payload), content: 'not what was hashed' } };
      return piece;
    });
  }

  #controlFrame(stream_id: string, flags: readonly string[], payload?: Payload): Frame {
    this.#control += this.chance(0.9) ? 1 : -1;
    const msg_seq = Math.max(0, this.#control);
    return { v: 1, session_id: SESSION_ID, stream_id, msg_seq, flags: [...flags, 'CTRL'], ...(payload && { payload }) };
  }

  /** Of any stream but that of the session, which would be its end. */
  #abort(): Frame {
    const stream_id = this.#stream();
    return this.#controlFrame(stream_id === '0' ? '3' : stream_id, this.#one(['RST'], ['RST', 'ACK']));
  }

  #window(flags: readonly string[]): Frame {
    const window = { max_parallel: this.int(0, 1_000), ...(this.chance(0.5) && { max_tokens: this.int(0, 1e7) }) };
    return { ...this.#controlFrame('0', flags, { type: 'control.window_update' }), window };
  }

  #acks(): Frame {
    const acks = this.#times(this.chance(0.3) ? ACKS_MAX : 5, () => this.#ack());
    const type = this.#one('control.ack', 'control.ack', 'control.window_update');
    return this.#controlFrame('0', this.#one(['ACK'], ['ACK'], ['HB']), {
      type,
      content: { acks },
    } as unknown as Payload);
  }

  #list(most = LIST_MAX): number[] {
    const same = this.chance(0.3);
    return Array.from({ length: this.int(1, this.chance(0.1) ? most : 4) }, () => (same ? 0 : this.#number()));
  }

  #ack(): Acknowledgement {
    const known = [...this.#victim.sent];
    const dice = this.#rng.next();
    if (dice < 0.5 || known.length === 0) {
      const stream_id = this.#stream();
      const persona_id = this.#persona(stream_id);
      return { stream_id, ...(persona_id && { persona_id }), withdrawn: this.#list() };
    }
    const [name, last] = this.#one(...known);
    const [stream_id = '0', persona_id = ''] = name.split('/');
    const lane = { stream_id, ...(persona_id !== '' && { persona_id }) };
    // What was never sent ends the session: that is told rarely.
    const up_to = this.chance(0.002) ? last + 1 : this.int(0, last);
    return this.#one<Acknowledgement>(
      { ...lane, credit: this.#number(), failed: this.#list(), ...(this.chance(0.3) && { ack_msg_up_to: up_to }) },
      { ...lane, missing_messages: this.#list(4_096) },
      {
        ...lane,
        msg_seq: this.int(0, last),
        missing: this.#list(4_096),
        ...(this.chance(0.5) && { ack_up_to: this.#number() }),
      },
    );
  }

  #confirmed(): Frame[] {
    return this.#victim.aborted.map((stream_id) => this.#controlFrame(stream_id, ['RST', 'ACK']));
  }

  /** A handshake in the middle of the session. */
  #opening(): Frame {
    const content = this.chance(0.5) ? { encodings: ['json'] } : { token: 'a-token-that-nobody-gave' };
    const type = 'token' in content ? 'control.resume' : 'control.hello';
    return this.#controlFrame('0', this.#one(['SYN'], ['SYN', 'ACK']), { type, content });
  }
}
