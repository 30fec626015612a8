import {
  errorPayload,
  type Acknowledgement,
  type Frame,
  type HelloContent,
  type Payload,
  type ResumeContent,
  SIGNATURE_REFUSAL,
} from '@atp-router/wire';
import { smallerWindow } from '../status.ts';
import { ResumeTokens } from '../resume/tokens.ts';
import { Violation } from '../core.ts';
import { agreement, answerFrame, frameDigest, helloOf, isSyn, pendingOf } from './hello.ts';
import { refusalFrame, resumeOf } from './first.ts';
import { Link } from './link.ts';

/** The server's side: answers what opens or resumes the session, and the same frame again with the same answer. */
export class ServerLink extends Link {
  #tokens: ResumeTokens | undefined;
  /** What was answered on this connection, and how, until something else came from the client. */
  #asked: string | undefined;
  #answer: Frame | undefined;
  #connection = 0;

  connected(): void {
    this.#connection += 1;
    if (this.phase === 'open' || this.phase === 'opening') this.disconnected();
    this.phase = this.core.agreed === undefined ? 'opening' : 'resuming';
    this.handshake_end_ms = this.core.now_ms + this.core.limits.handshake_ms;
    this.#asked = undefined;
    this.#answer = undefined;
  }

  /** Whether the first frame of another connection is from the client of this session (S33, S34). */
  admits(frame: Frame): boolean {
    if (!isSyn(frame) || this.is_over || this.core.agreed === undefined) return false;
    const token = resumeOf(frame)?.token;
    if (token !== undefined) return !this.#isLeft(frame) && this.#known.accepts(token);
    return this.store.syn !== undefined && frameDigest(this.core, frame) === this.store.syn;
  }

  /** From a connection that the client has left since: what a later one was answered must stay good (S44). */
  #isLeft({ msg_seq }: Frame): boolean {
    return msg_seq < this.store.resume_seq;
  }

  frame(frame: Frame): void {
    if (!isSyn(frame)) {
      if (this.phase === 'open') this.#followed();
      else this.#refuse(errorPayload('EPROTO', { reason: 'The first frame is neither a SYN nor a resumption.' }));
      return;
    }
    if (this.phase === 'open') {
      if (this.#answer !== undefined && this.#asked === frameDigest(this.core, frame)) this.core.transmit(this.#answer);
      return;
    }
    // It waits for its answer already.
    if (this.#asked !== undefined && this.#asked === frameDigest(this.core, frame)) return;
    const resume = resumeOf(frame);
    const hello = helloOf(frame);
    if (resume !== undefined) this.#resume(frame, resume);
    else if (hello !== undefined) this.#open(frame, hello);
    else this.#refuse(errorPayload('EPROTO', { reason: 'The first frame is neither a SYN nor a resumption.' }));
  }

  violated(error: Payload): void {
    this.#refuse(error);
  }

  #resume(frame: Frame, { token, acks = [] }: ResumeContent): void {
    const next = this.core.options.ports.secret();
    if (this.core.agreed === undefined || this.#isLeft(frame) || !this.#known.use(token, next)) {
      this.#refuse({ type: 'error', content: SIGNATURE_REFUSAL });
      return;
    }
    this.store.syn = undefined;
    this.store.resume_seq = frame.msg_seq;
    this.#grant(frame, next, true, acks);
  }

  #open(frame: Frame, hello: HelloContent): void {
    const digest = frameDigest(this.core, frame);
    const { core, store } = this;
    if (core.agreed !== undefined && store.syn !== digest) {
      this.#refuse({ type: 'error', content: SIGNATURE_REFUSAL });
      return;
    }
    const resumed = core.agreed !== undefined;
    if (!resumed) {
      const window = smallerWindow(core.own_window, frame.window);
      try {
        const node_id = frame.meta?.node_id;
        const agreed = agreement(core, hello, window);
        core.agreed = node_id === undefined ? agreed : { ...agreed, peer_node_id: node_id };
      } catch (error) {
        if (!(error instanceof Violation)) throw error;
        this.#refuse(error.payload);
        return;
      }
      core.own_window = window;
      core.peer_pending = pendingOf(hello);
    }
    store.syn = digest;
    const token = core.options.ports.secret();
    this.#known.begin(token);
    this.#grant(frame, token, resumed, []);
  }

  /** The answer, once a successor would know its token. */
  #grant(frame: Frame, token: string, resumed: boolean, acks: readonly Acknowledgement[]): void {
    const { core, store } = this;
    store.tokens = this.#known.hashes;
    this.#asked = frameDigest(core, frame);
    const { agreed, journal } = core;
    if (agreed === undefined) return;
    const answer = (): void => {
      this.#answer = answerFrame(core, agreed, token, resumed ? this.to.acks() : []);
      core.transmit(this.#answer);
      this.established(resumed, acks);
    };
    if (!journal.durable) {
      answer();
      return;
    }
    journal.touch(store);
    const connection = this.#connection;
    // On this connection and no other: there the same SYN has another token.
    journal.hold(() => {
      if (this.#connection === connection && (this.phase === 'opening' || this.phase === 'resuming')) answer();
    });
  }

  /** The client has got the answer: the token that it used is spent. */
  #followed(): void {
    if (this.#answer === undefined) return;
    this.#answer = undefined;
    this.#asked = undefined;
    this.store.syn = undefined;
    this.#known.spend();
    this.store.tokens = this.#known.hashes;
    this.core.journal.touch(this.store);
  }

  #refuse(error: Payload): void {
    const { core } = this;
    core.emit({ type: 'send', frame: refusalFrame(core.options.session_id, error) });
    // A session that is there is not ended by somebody who does not have its token.
    if (core.agreed === undefined) this.to.close(error, 'reset');
    else {
      this.handshake_end_ms = Number.POSITIVE_INFINITY;
      this.phase = 'lost';
    }
    core.emit({ type: 'disconnect' });
  }

  get #known(): ResumeTokens {
    this.#tokens ??= new ResumeTokens(this.core.options.ports.digests, this.store.tokens);
    return this.#tokens;
  }
}
