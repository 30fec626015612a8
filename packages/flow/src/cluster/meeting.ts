import type { Beat, BeatAnswer } from './election.ts';

/** Workers of a member that was not heard of for so long hold nothing any more: five leases of credit. */
export const MEMBER_TTL_MS = 60_000;

/** What a place where machines meet has kept: as it is, it can be lost or set back. */
export interface MeetingState {
  readonly record:
    | { readonly holder: string; readonly epoch: number; readonly n: number; readonly free_in: string }
    | undefined;
  readonly members:
    | { readonly run: string; readonly seen_ms: number; readonly by: ReadonlyMap<string, MeetingMember> }
    | undefined;
}

interface MeetingMember {
  readonly at_ms: number;
  readonly workers: readonly string[];
}

/** The place where machines meet, as the script of a Valkey server is meant to be: tests compare the two. */
export class Meeting {
  state: MeetingState = { record: undefined, members: undefined };

  /** `run` differs after each start of the place; `now_ms` is its wall clock, which makes epochs differ. */
  beat(
    self: string,
    { n, leads, takes, known, run: seen_run, run_seen_ms }: Beat,
    workers: readonly string[],
    at: { readonly run: string; readonly now_ms: number; readonly settled_ms: number },
  ): BeatAnswer {
    const { run, now_ms, settled_ms } = at;
    const members = this.#register(self, workers, seen_run === run ? run_seen_ms : 0, run, now_ms);
    const { record } = this.state;
    const epoch = record?.epoch ?? 0;
    const is_own = record?.holder === self;
    const is_left = record !== undefined && record.free_in !== '' && record.free_in === run;
    const may_take = takes !== undefined && takes.record === this.#name(run) && (!takes.free || is_left);
    if (is_own || leads > epoch) this.#put(self, is_own ? epoch : leads, n);
    else if (may_take) this.#put(self, Math.max(epoch + 1, known + 1, now_ms), n);
    const after = this.state.record;
    const is_new = after?.holder === self && leads === 0;
    return {
      record: this.#name(run),
      leader: after?.holder,
      epoch: after?.epoch ?? 0,
      is_free: after !== undefined && after.free_in !== '' && after.free_in === run,
      run,
      workers:
        is_new && members.seen_ms >= settled_ms ? [...members.by.values()].flatMap((one) => one.workers) : undefined,
    };
  }

  /** Its leader decides nothing any more, and says so. */
  leave(self: string, epoch: number, run: string): void {
    const { record } = this.state;
    if (record?.holder !== self || record.epoch !== epoch) return;
    this.state = { ...this.state, record: { ...record, free_in: run } };
  }

  #put(holder: string, epoch: number, n: number): void {
    this.state = { ...this.state, record: { holder, epoch, n, free_in: '' } };
  }

  #register(
    self: string,
    workers: readonly string[],
    seen_ms: number,
    run: string,
    now_ms: number,
  ): NonNullable<MeetingState['members']> {
    const before = this.state.members;
    const known = before?.run === run ? before : { run, seen_ms: 0, by: new Map<string, MeetingMember>() };
    const by = new Map([...known.by].filter(([, { at_ms }]) => now_ms - at_ms <= MEMBER_TTL_MS));
    by.set(self, { at_ms: now_ms, workers });
    const members = { run, seen_ms: Math.max(known.seen_ms, seen_ms), by };
    this.state = { ...this.state, members };
    return members;
  }

  #name(run: string): string {
    const { record } = this.state;
    return record === undefined ? run : [run, record.epoch, record.n, record.holder, record.free_in].join(' ');
  }
}
