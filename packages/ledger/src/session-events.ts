/** A client has opened an ATP session; not told again when it resumes. */
export interface SessionOpened {
  readonly type: 'session.opened';
  readonly tenant: string;
  readonly key_id: string;
  readonly session_id: string;
}

export interface SessionClosed {
  readonly type: 'session.closed';
  readonly tenant: string;
  readonly key_id: string;
  readonly session_id: string;
  /** Wire code; absent when both ends were done. */
  readonly error?: string | undefined;
}

/**
 * `key`: no such key; `session`: the session is another's, or its token is wrong; `unsigned`: it has to be signed; `clock`: signed
 * with a good key at a time too far from now; the others: what was wrong with the signing key or the signature.
 */
export type DenialReason =
  | 'key'
  | 'session'
  | 'unsigned'
  | 'unknown_kid'
  | 'not_yet_valid'
  | 'expired'
  | 'bad_signature'
  | 'clock';

/**
 * A credential or signature was not accepted: of a handshake, or within a session. Written at a bounded rate: `suppressed`
 * are those before this one that were not.
 */
export interface SessionDenied {
  readonly type: 'session.denied';
  /** Empty, like `key_id`, when it is not known whose it was. */
  readonly tenant: string;
  readonly key_id: string;
  /** As the client wrote it. */
  readonly session_id: string;
  readonly error: string;
  /** What was wrong, which the peer is not told; absent where it is not known. */
  readonly reason?: DenialReason | undefined;
  /** With `clock`: how far the peer's clock is ahead. */
  readonly skew_ms?: number | undefined;
  readonly remote_address: string;
  readonly suppressed: number;
}
