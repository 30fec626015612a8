/** A request that was answered with the stored outcome of an earlier call. Nothing is billed, so nothing is settled. */
export interface CallReplayed {
  readonly type: 'call.replayed';
  readonly tenant: string;
  readonly key_id: string;
  readonly endpoint: string;
  /** The call whose outcome it was. */
  readonly call_id: string;
}

/** A request that was answered with what another of its tenant had got. Nothing is billed, so nothing is settled. */
export interface CallCached {
  readonly type: 'call.cached';
  readonly call_id: string;
  readonly tenant: string;
  readonly key_id: string;
  readonly endpoint: string;
  /** Who gave the answer. */
  readonly model: string;
  /** Of both texts, 0 to 1; exactly 1 for the same. */
  readonly similarity: number;
}
