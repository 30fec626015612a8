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
  readonly remote_address: string;
  readonly suppressed: number;
}
