import type { AgentInstance, AgentLoad, Share } from '../../atp/agents/roster.ts';
import type { AgentEntry } from './changes.ts';

/** Work that this process has given away, until its agent's own process tells of it. */
export interface Sent {
  readonly share: Share;
  /** Of the agent that it was sent for, then of the one that got it. */
  id: string;
  /** Its number among the dispatches there; undefined: nothing has been heard of it. */
  number: number | undefined;
}

/**
 * What is on the way to agents elsewhere: what they tell of themselves is a moment old, and without it everything of that
 * moment would go to the same one.
 */
export class OnTheWay {
  readonly #sent: Map<string, Set<Sent>> = new Map();
  /** What is over, and its agent has not told since. */
  readonly #done: Map<string, Set<Sent>> = new Map();
  /** Of the latest work that was given to each: of two that are as busy the one that has rested longer is next. */
  readonly #latest: Map<string, number> = new Map();
  #count = 0;

  add(id: string, share: Share): Sent {
    const sent: Sent = { share, id, number: undefined };
    this.#of(id).add(sent);
    this.#count += 1;
    this.#latest.set(id, this.#count);
    return sent;
  }

  /** An agent there has it: not always the one that it was sent for. `entry`: what that one told last. */
  arrived(sent: Sent, id: string, number: number, entry: AgentEntry | undefined): void {
    if (this.#sent.get(sent.id)?.delete(sent) !== true) return;
    this.#tidy(sent.id);
    sent.id = id;
    sent.number = number;
    this.#latest.set(id, this.#count);
    if (entry === undefined || entry.latest < number) this.#of(id).add(sent);
  }

  /** It is over, or was refused. What its agent told of itself has it still, where it has had it. */
  end(sent: Sent): void {
    if (this.#sent.get(sent.id)?.delete(sent) !== true && sent.number !== undefined)
      this.#of(sent.id, this.#done).add(sent);
    this.#tidy(sent.id);
  }

  /** What its process tells of it now holds what came to it until then, and not what is over. */
  told({ id, latest }: AgentEntry): void {
    this.#done.delete(id);
    for (const sent of this.#sent.get(id) ?? [])
      if (sent.number !== undefined && sent.number <= latest) this.#sent.get(id)?.delete(sent);
    this.#tidy(id);
  }

  /** Only these are there. */
  keep(ids: ReadonlySet<string>): void {
    for (const id of this.#latest.keys()) if (!ids.has(id)) this.#latest.delete(id);
    for (const id of this.#done.keys()) if (!ids.has(id)) this.#done.delete(id);
  }

  /** Dispatches that it takes beside. `beyond`: also more than it suggests. */
  room({ id, room, gold_room }: AgentEntry, beyond: boolean = false): number {
    return (beyond ? gold_room : room) - (this.#sent.get(id)?.size ?? 0) + (this.#done.get(id)?.size ?? 0);
  }

  /** With what is on its way to it, and without what is over. */
  with(entry: AgentEntry): AgentInstance {
    const latest = this.#latest.get(entry.id) ?? 0;
    const [sent, done] = [this.#sent.get(entry.id), this.#done.get(entry.id)];
    if (sent === undefined && done === undefined) return { ...entry, latest };
    const load = sumOf(entry.load, [...(sent ?? [])], 1);
    return { ...entry, latest, load: sumOf(load, [...(done ?? [])], -1) };
  }

  #of(id: string, sets: Map<string, Set<Sent>> = this.#sent): Set<Sent> {
    const known = sets.get(id);
    if (known !== undefined) return known;
    const made = new Set<Sent>();
    sets.set(id, made);
    return made;
  }

  #tidy(id: string): void {
    if (this.#sent.get(id)?.size === 0) this.#sent.delete(id);
  }
}

function sumOf(load: AgentLoad, sent: readonly Sent[], sign: 1 | -1): AgentLoad {
  let { dispatches, tokens, usd_micros } = load;
  for (const { share } of sent) {
    dispatches += sign;
    tokens += sign * share.tokens;
    usd_micros += sign * share.usd_micros;
  }
  // An agent's own estimate may have taken the place of what was expected here.
  return { dispatches: Math.max(0, dispatches), tokens: Math.max(0, tokens), usd_micros: Math.max(0, usd_micros) };
}
