import { type Beat, type BeatAnswer, DEFAULT_ELECTION, Election } from '../../src/cluster/election.ts';
import { Meeting } from '../../src/cluster/meeting.ts';
import { Draw } from '@atp-router/kernel/testing';

/** After its own time over, a member takes what it asked for unanswered. */
const ANSWER_MS = 1_500;
const WEATHER_MS = 120_000;
const FAIR_MS = 40_000;

interface Event {
  readonly at_ms: number;
  readonly order: number;
  readonly run: () => void;
}

/** A process: its clock, its election, and whether it stands still. */
interface Member {
  readonly name: string;
  readonly rate: number;
  readonly offset_ms: number;
  address: string;
  election: Election;
  stalled_until_ms: number;
  /** Of the beat that is out. */
  asked: number;
}

export interface ElectionFacts {
  elected: number;
  renewed: number;
  over: Record<'late' | 'lost' | 'deposed', number>;
  restarts: number;
  emptied: number;
  set_back: number;
  lost: number;
  known_workers: number;
  problems: string[];
  /** From the end of all trouble until somebody led. */
  healed_ms: number;
}

/** Mistakes that an election could have. */
export interface ElectionFaults {
  readonly watch_ms?: number;
  /** What was set back looks as it did. */
  readonly same_run?: boolean;
}

/** One seeded history of members, a place where they meet, and the way between. Time is real; each member has its own. */
export class ElectionWorld {
  readonly facts: ElectionFacts = {
    ...{
      elected: 0,
      renewed: 0,
      over: { late: 0, lost: 0, deposed: 0 },
      restarts: 0,
      emptied: 0,
      set_back: 0,
      lost: 0,
    },
    ...{ known_workers: 0, problems: [], healed_ms: 0 },
  };
  readonly #draw: Draw;
  readonly #faults: ElectionFaults;
  readonly #members: Member[] = [];
  readonly #meeting = new Meeting();
  readonly #snapshots: Meeting['state'][] = [this.#meeting.state];
  #run = 1;
  #is_up = true;
  #now_ms = 0;
  #order = 0;
  #events: Event[] = [];
  #latest = 0;

  /** `faults`: what the history has to find out. */
  constructor(seed: number, faults: ElectionFaults = {}) {
    this.#faults = faults;
    this.#draw = new Draw(seed);
    const count = this.#draw.int(2, 5);
    for (let i = 0; i < count; i += 1) {
      const rate = this.#draw.one(0.955, 1, 1.045);
      this.#members.push({
        ...{ name: `m${i}`, rate, offset_ms: this.#draw.int(0, 1_000_000), address: `m${i}#0` },
        ...{ election: this.#begin(`m${i}#0`), stalled_until_ms: 0, asked: 0 },
      });
    }
  }

  play(): ElectionFacts {
    for (const member of this.#members) this.#wake(member);
    this.#trouble();
    this.#until(WEATHER_MS);
    this.#is_up = true;
    for (const member of this.#members) member.stalled_until_ms = 0;
    for (const member of this.#members) if (member.election.state.kind === 'over') this.#startAgain(member);
    this.#until(WEATHER_MS + FAIR_MS);
    const leaders = this.#members.filter((member) => this.#decides(member));
    if (leaders.length !== 1) this.#problem(`${leaders.length} leaders at the end`);
    return this.facts;
  }

  get #is_fair(): boolean {
    return this.#now_ms >= WEATHER_MS;
  }

  #until(end_ms: number): void {
    for (;;) {
      this.#events.sort((a, b) => a.at_ms - b.at_ms || a.order - b.order);
      const next = this.#events[0];
      if (next === undefined || next.at_ms > end_ms) break;
      this.#events.shift();
      this.#now_ms = next.at_ms;
      next.run();
    }
    this.#now_ms = end_ms;
  }

  #after(delay_ms: number, run: () => void): void {
    this.#order += 1;
    this.#events.push({ at_ms: this.#now_ms + delay_ms, order: this.#order, run });
  }

  #mono({ rate, offset_ms }: Member): number {
    return offset_ms + this.#now_ms * rate;
  }

  /** A stalled process does what was due when it goes on. */
  #when(member: Member, run: () => void): void {
    const left_ms = member.stalled_until_ms - this.#now_ms;
    if (left_ms > 0) this.#after(left_ms, () => this.#when(member, run));
    else run();
  }

  #wake(member: Member): void {
    const { election } = member;
    this.#when(member, () => {
      if (election !== member.election) return;
      const beat = election.beat(this.#mono(member));
      this.#look(member);
      if (beat !== undefined) this.#ask(member, beat);
      const due_ms = (election.due_mono_ms - this.#mono(member)) / member.rate;
      if (Number.isFinite(due_ms)) this.#after(Math.max(1, due_ms), () => this.#wake(member));
    });
  }

  #ask(member: Member, beat: Beat): void {
    const { election, address } = member;
    member.asked += 1;
    const { asked } = member;
    const isOut = (): boolean => member.election === election && member.asked === asked;
    this.#after(ANSWER_MS / member.rate, () =>
      this.#when(member, () => {
        if (!isOut()) return;
        member.asked += 1;
        election.unanswered(this.#mono(member));
        this.#look(member);
        this.#wake(member);
      }),
    );
    if (this.#isLost()) return;
    this.#after(this.#delay(), () => {
      if (!this.#is_up) return;
      const answer = this.#meeting.beat(address, beat, [`${member.name}.w1`], {
        ...{ run: String(this.#run), now_ms: 1_000_000 + Math.floor(this.#now_ms) },
        settled_ms: DEFAULT_ELECTION.settled_ms,
      });
      this.#snapshots.push(this.#meeting.state);
      if (this.#isLost()) return;
      this.#after(this.#delay(), () => this.#when(member, () => isOut() && this.#answer(member, answer)));
    });
  }

  #answer(member: Member, answer: BeatAnswer): void {
    const { election } = member;
    const before = election.state;
    member.asked += 1;
    const after = election.answered(answer, this.#mono(member));
    if (before.kind === 'candidate' && after.kind === 'leads') {
      this.facts.elected += 1;
      if (answer.workers !== undefined) this.#knows(answer.workers);
      if (after.epoch <= this.#latest) this.#problem(`epoch ${after.epoch} after ${this.#latest}`);
      this.#latest = after.epoch;
      if (this.#is_fair && this.facts.healed_ms === 0) this.facts.healed_ms = this.#now_ms - WEATHER_MS;
    }
    if (before.kind === 'leads' && after.kind === 'leads') this.facts.renewed += 1;
    this.#look(member);
    this.#wake(member);
  }

  /** Nobody of those that are there may be missing but one that was cut off for longer than a lease lasts. */
  #knows(workers: readonly string[]): void {
    this.facts.known_workers += 1;
    if (new Set(workers).size === 0) this.#problem('a leader without workers');
  }

  #decides({ election, ...member }: Member): boolean {
    const { state } = election;
    return state.kind === 'leads' && this.#mono({ election, ...member }) < state.tenure_mono_ms;
  }

  /** After each change: no two may decide, and who is over is started again. */
  #look(member: Member): void {
    const deciding = this.#members.filter((one) => this.#decides(one));
    if (deciding.length > 1) this.#problem(`${deciding.map(({ address }) => address).join(' and ')} decide`);
    const { state } = member.election;
    if (state.kind !== 'over') return;
    this.facts.over[state.reason] += 1;
    this.#startAgain(member);
  }

  #startAgain(member: Member): void {
    const { name } = member;
    const nonce = Number(member.address.split('#')[1]) + 1;
    member.address = `${name}#${nonce}`;
    member.election = this.#begin(member.address);
    member.asked += 1;
    this.#after(this.#draw.int(100, 2_000), () => this.#wake(member));
  }

  #begin(address: string): Election {
    const { watch_ms = DEFAULT_ELECTION.watch_ms } = this.#faults;
    return new Election(address, { watch_ms });
  }

  #isLost(): boolean {
    const lost = !this.#is_fair && this.#draw.chance(0.03);
    if (lost) this.facts.lost += 1;
    return lost;
  }

  #delay(): number {
    if (this.#is_fair) return this.#draw.int(1, 5);
    return this.#draw.chance(0.03) ? this.#draw.int(100, 15_000) : this.#draw.int(1, 30);
  }

  #trouble(): void {
    this.#after(this.#draw.int(500, 15_000), () => {
      if (this.#is_fair) return;
      const member = this.#members[this.#draw.int(0, this.#members.length - 1)] as Member;
      const what = this.#draw.int(0, 5);
      if (what === 0) member.stalled_until_ms = this.#now_ms + this.#draw.int(100, 20_000);
      else if (what === 1) this.#startAgain(member);
      else if (what === 2) this.#leave(member);
      else this.#restart();
      this.#trouble();
    });
  }

  #leave(member: Member): void {
    const { state } = member.election;
    if (this.#now_ms < member.stalled_until_ms) return;
    const { address } = member;
    this.#startAgain(member);
    if (state.kind !== 'leads') return;
    this.#after(this.#delay(), () => {
      if (this.#is_up) this.#meeting.leave(address, state.epoch, String(this.#run));
    });
  }

  /** The place where they meet is away for a while, and comes back with all it had, with less, or with nothing. */
  #restart(): void {
    if (!this.#is_up) return;
    this.facts.restarts += 1;
    this.#is_up = false;
    const keeps = this.#draw.int(0, 2);
    this.#after(this.#draw.chance(0.7) ? this.#draw.int(10, 1_500) : this.#draw.int(1_500, 20_000), () => {
      if (this.#faults.same_run !== true) this.#run += 1;
      this.#is_up = true;
      if (keeps === 0) {
        this.facts.emptied += 1;
        this.#meeting.state = { record: undefined, members: undefined };
      } else if (keeps === 1) {
        this.facts.set_back += 1;
        const back = Math.min(this.#snapshots.length, this.#draw.int(1, 60));
        this.#meeting.state = this.#snapshots[this.#snapshots.length - back] ?? this.#meeting.state;
      }
    });
  }

  #problem(words: string): void {
    this.facts.problems.push(`${Math.round(this.#now_ms)} ms: ${words}`);
  }
}
