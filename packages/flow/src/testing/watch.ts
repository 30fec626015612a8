/** Problems that a simulation keeps; the first one is what matters. */
const PROBLEMS_MAX = 10;

/** What has been seen of a history. */
export class Watch {
  readonly problems: string[] = [];
  /** Number of the present event. */
  step = 0;
  readonly counts = {
    asked: 0,
    granted: 0,
    waited: 0,
    denied: 0,
    expired: 0,
    shed: 0,
    failed: 0,
    cancelled: 0,
    replaced: 0,
    moved: 0,
    preempted: 0,
    lapsed: 0,
    returned: 0,
    ended_again: 0,
    dropped: 0,
    starving: 0,
    fair_stretches: 0,
  };

  broken(what: string): void {
    if (this.problems.length < PROBLEMS_MAX) this.problems.push(`event ${this.step}: ${what}`);
  }
}
