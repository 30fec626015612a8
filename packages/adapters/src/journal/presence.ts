import { fstat, stat } from 'node:fs';
import { JournalGone } from './failure.ts';

/** As long as records may go into a file that nobody will find; two questions to the system each time, off the thread. */
const LOOK_MS = 1_000;

interface OpenFile {
  readonly fd: number;
  readonly path: string;
}

export interface FileWatch {
  stop(): void;
}

/**
 * Looks now and then whether the file that is being written is the one under its name. The system goes on taking what is
 * written into a file that was deleted. `onGone` is told once; `current` gives the same object for the same file.
 */
export function watchPresence(current: () => OpenFile, onGone: (error: Error) => void): FileWatch {
  let looking = false;
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    clearInterval(timer);
  };
  const look = (): void => {
    if (looking) return;
    looking = true;
    const file = current();
    isGone(file, (gone) => {
      looking = false;
      // The next one may have been begun meanwhile, and this one removed or its number given to another file.
      if (!gone || stopped || file !== current()) return;
      stop();
      onGone(new JournalGone(file.path));
    });
  };
  const timer = setInterval(look, LOOK_MS);
  timer.unref();
  return { stop };
}

/** False also when the system does not say: a folder that may not be looked at is no reason to stop. */
function isGone({ fd, path }: OpenFile, done: (gone: boolean) => void): void {
  fstat(fd, { bigint: true }, (no_file, own) => {
    if (no_file !== null) {
      done(false);
      return;
    }
    stat(path, { bigint: true }, (no_name, named) => {
      if (no_name !== null) done(no_name.code === 'ENOENT' || no_name.code === 'ENOTDIR');
      else done(named.ino !== own.ino || named.dev !== own.dev);
    });
  });
}
