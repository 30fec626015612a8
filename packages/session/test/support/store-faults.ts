import type { StoredChange } from '../../src/index.ts';
import type { Fault } from './faults.ts';

/** Changes that are not saved. */
function unsaved(is: (change: StoredChange) => boolean): NonNullable<Fault['effect']> {
  return (effect) => {
    if (effect.type !== 'save') return [effect];
    return [{ ...effect, changes: effect.changes.filter((change) => !is(change)) }];
  };
}

const isPut = (change: StoredChange, what: string): boolean => 'put' in change && change.put === what;
const isDrop = (change: StoredChange, what: string): boolean => 'drop' in change && change.drop === what;

/** Mistakes in what is saved. Those that change the snapshot as well have to show in what a successor does. */
export const STORE_FAULTS: readonly Fault[] = [
  {
    name: 'the durable end takes a save for done when it begins',
    effect: (effect) => [effect.type === 'save' ? { ...effect, changes: [] } : effect],
  },
  {
    name: 'the numbers of control frames are not saved',
    effect: (effect) => {
      if (effect.type !== 'save') return [effect];
      const changes = effect.changes.map((change) =>
        'put' in change && change.put === 'session'
          ? { ...change, value: { ...change.value, control_seq: 1 } }
          : change,
      );
      return [{ ...effect, changes }];
    },
  },
  {
    name: 'a closed session keeps its store',
    effect: unsaved((change) => isDrop(change, 'session')),
  },
  {
    name: 'the end of one side of a stream is not saved',
    effect: unsaved(
      (change) => 'put' in change && change.put === 'stream' && (change.value.sent_fin || change.value.got_fin),
    ),
  },
  {
    name: 'a closed stream stays in the store',
    effect: unsaved((change) => isDrop(change, 'stream')),
  },
  {
    name: 'a confirmed abort stays in the store',
    effect: unsaved((change) => isDrop(change, 'reset')),
  },
  {
    name: 'a successor does not know of an abort',
    from_seed: 160,
    effect: unsaved((change) => isPut(change, 'reset')),
    snapshot: (snapshot) => ({ ...snapshot, resets: [] }),
  },
  {
    name: 'a successor does not know of a failure of which nobody was told yet',
    from_seed: 22_760,
    effect: unsaved((change) => isPut(change, 'inbox') && 'failed' in change),
    snapshot: (snapshot) => ({ ...snapshot, inbox: snapshot.inbox.filter((arrival) => !('failed' in arrival)) }),
  },
  {
    name: 'streams of which nothing has come are not saved',
    from_seed: 848,
    effect: unsaved((change) => isPut(change, 'unseen')),
  },
  {
    name: 'streams of which something has come stay unseen in the store',
    from_seed: 208,
    effect: unsaved((change) => isDrop(change, 'unseen')),
  },
  {
    name: 'a successor gives numbers of streams again',
    from_seed: 78,
    effect: unsaved((change) => isPut(change, 'numbers')),
    snapshot: ({ numbers: _numbers, ...snapshot }) => snapshot,
  },
];
