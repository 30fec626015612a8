export interface ShrunkEvents<E> {
  readonly events: readonly E[];
  /** What the last of them that was played breaks. */
  readonly problems: readonly string[];
}

/**
 * As few events of a history as still break a rule: leaves out halves, then quarters, then single ones. `play` says what is broken;
 * `is_same`: whether that is what was looked for, by default anything. At most `tries_max` histories are played after the first.
 */
export function shrinkEvents<E>(
  drawn: readonly E[],
  play: (events: readonly E[]) => readonly string[],
  tries_max: number,
  is_same: (problems: readonly string[], first: readonly string[]) => boolean = (problems) => problems.length > 0,
): ShrunkEvents<E> {
  const first = play(drawn);
  let events = drawn;
  let problems = first;
  let tries = 0;
  for (
    let size = Math.ceil(drawn.length / 2);
    size >= 1 && problems.length > 0;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < events.length && tries < tries_max; tries += 1) {
      const fewer = [...events.slice(0, at), ...events.slice(at + size)];
      const broken = play(fewer);
      if (broken.length === 0 || !is_same(broken, first)) at += size;
      else {
        events = fewer;
        problems = broken;
      }
    }
  }
  return { events, problems };
}
