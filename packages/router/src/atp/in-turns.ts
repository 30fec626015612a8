/**
 * Asks `work` of so many at a time; the others wait, in their order. Each waits as its caller does: what bounds those, bounds
 * these.
 */
export function inTurns<T, R>(at_once: number, work: (of: T) => Promise<R>): (of: T) => Promise<R> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (of) => {
    if (running >= at_once) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work(of);
    } finally {
      // The place goes on to the next, without being free in between.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
