import { type Digests, equalBytes, fromBase64Url, toBase64Url } from '@atp-router/wire';

const UTF8 = new TextEncoder();

/**
 * The resume tokens of a server's session (S33). It has the SHA-256 of at most two: the one that the client used last, as
 * long as it may not have got the answer, and the one that the answer had.
 */
export class ResumeTokens {
  readonly #digests: Digests;
  #hashes: readonly string[];

  constructor(digests: Digests, hashes: readonly string[] = []) {
    this.#digests = digests;
    this.#hashes = hashes;
  }

  /** Base64url; the newest last. */
  get hashes(): readonly string[] {
    return this.#hashes;
  }

  accepts(token: string): boolean {
    return this.#find(token) !== undefined;
  }

  /** The first one, or a new one for a client that has got none. */
  begin(token: string): void {
    this.#hashes = [this.#hash(token)];
  }

  /** The client used `token` and is given `next`: what an earlier answer had is void. */
  use(token: string, next: string): boolean {
    const found = this.#find(token);
    if (found === undefined) return false;
    this.#hashes = [found, this.#hash(next)];
    return true;
  }

  /** The client has got the answer. Whether that changed anything. */
  spend(): boolean {
    if (this.#hashes.length < 2) return false;
    this.#hashes = this.#hashes.slice(-1);
    return true;
  }

  /** Looks at all of them, in time that does not depend on which one fits. */
  #find(token: string): string | undefined {
    const given = this.#digests.sha256(UTF8.encode(token));
    let found: string | undefined;
    for (const hash of this.#hashes) if (equalBytes(fromBase64Url(hash) ?? new Uint8Array(), given)) found = hash;
    return found;
  }

  #hash(token: string): string {
    return toBase64Url(this.#digests.sha256(UTF8.encode(token)));
  }
}
