import type { Trials, Watched } from '../lifecycle/shadow/trials.ts';

type Watcher = Pick<Trials, 'watch'>;

/** Several who watch calls as one: each sees what the one before it lets through. */
export function watchAll(watchers: readonly Watcher[]): Watcher {
  return {
    watch(request, generation) {
      const all: Watched[] = [];
      for (const watcher of watchers) {
        const watched = watcher.watch(all.at(-1)?.request ?? request, generation);
        if (watched !== undefined) all.push(watched);
      }
      const last = all.at(-1);
      if (last === undefined) return undefined;
      return {
        request: last.request,
        decide: (call) => {
          for (const one of all) one.decide(call);
        },
      };
    },
  };
}
