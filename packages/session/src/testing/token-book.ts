import { type Frame, hasFlag, isWireObject } from '@atp-router/wire';

/** Which resume tokens the server gave, and which of them are good no more. */
export class TokenBook {
  readonly #broken: (what: string) => void;
  /** Good ones; what the client may use: the one that it resumed with, until it has shown that it got the next one. */
  #current: string | undefined;
  #offered: string | undefined;
  /** Number of the newest resumption that was taken. */
  #resume_seq = -1;
  readonly #spent: Set<string> = new Set();

  constructor(broken: (what: string) => void) {
    this.#broken = broken;
  }

  get spent(): readonly string[] {
    return [...this.#spent];
  }

  /** The server refused a resumption. */
  refused(frame: Frame): void {
    const used = textIn(frame, 'token');
    // S44: the client has left that connection.
    if (frame.msg_seq < this.#resume_seq) return;
    if (used !== undefined && (used === this.#current || used === this.#offered))
      this.#broken('server refuses a token that is good');
  }

  /** The server gives its session to the connection that has this first frame. */
  taken(frame: Frame): void {
    // A hello may have one too: a credential, and the number of a first frame.
    if (textIn(frame, 'token') === undefined) return;
    if (frame.msg_seq < this.#resume_seq) this.#broken('server takes a resumption that is older than one that it took');
    this.#resume_seq = frame.msg_seq;
  }

  /** The server answered the opening frame of a connection; `asked` is the resumption that it answers, if it was one. */
  answered(asked: Frame | undefined, answer: Frame): void {
    const token = textIn(answer, 'resume_token');
    const used = asked === undefined ? undefined : textIn(asked, 'token');
    if (used !== undefined) {
      if (this.#spent.has(used)) this.#broken('server takes a token that was spent');
      else if (used === token) this.#broken('server gives a token again for which it was asked');
      else if (used !== this.#current && used !== this.#offered)
        this.#broken('server takes a token that it never gave');
      if (used === this.#offered && used !== this.#current) {
        if (this.#current !== undefined) this.#spent.add(this.#current);
        this.#current = used;
        this.#offered = undefined;
      }
    }
    if (token === undefined || token === this.#offered || token === this.#current) return;
    if (this.#spent.has(token)) this.#broken('server gives a token that was spent');
    // What the client never used is void as soon as there is another answer.
    if (this.#offered !== undefined && used === this.#current) this.#spent.add(this.#offered);
    this.#offered = token;
  }

  /** A frame of the client reached the server on the connection whose opening was answered. */
  followed(frame: Frame): void {
    if (hasFlag(frame, 'SYN') && hasFlag(frame, 'CTRL')) return;
    if (this.#offered === undefined) return;
    if (this.#current !== undefined) this.#spent.add(this.#current);
    this.#current = this.#offered;
    this.#offered = undefined;
  }
}

function textIn(frame: Frame, name: string): string | undefined {
  const content = frame.payload?.content;
  const value = isWireObject(content) ? content[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}
