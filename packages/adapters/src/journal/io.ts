import {
  close,
  closeSync,
  fdatasync,
  fdatasyncSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  open,
  openSync,
  writeSync,
} from 'node:fs';

type Done = (error: Error | null) => void;

/** The calls through which the journal reaches the disk. Tests put a full or failing disk behind it. */
export interface JournalIo {
  /** Creates a file for writing; throws `EEXIST` when it is there. */
  create(path: string): number;
  /** May write less than asked; returns how much. */
  write(fd: number, bytes: Uint8Array, position: number): number;
  truncate(fd: number, length: number): void;
  close(fd: number): void;
  /** In the thread pool: contents and length of a file reach the disk. */
  syncFile(fd: number, done: Done): void;
  /** In the thread pool: the names in a directory reach the disk. */
  syncDirectory(path: string, done: Done): void;
  /** Like `syncFile`, and waits: only where little is left to sync, and what comes next depends on it. */
  syncFileNow(fd: number): void;
  /** Like `syncDirectory`, and waits. */
  syncDirectoryNow(path: string): void;
}

/** Journals hold who called what and sealed answers: nobody but the router's user reads them. */
export const FILE_MODE = 0o600;
export const DIRECTORY_MODE = 0o700;

export const NODE_IO: JournalIo = {
  create: (path) => openSync(path, 'wx', FILE_MODE),
  write: (fd, bytes, position) => writeSync(fd, bytes, 0, bytes.length, position),
  truncate: ftruncateSync,
  close: closeSync,
  syncFile: fdatasync,
  syncDirectory(path, done) {
    open(path, 'r', (open_error, fd) => {
      if (open_error !== null) {
        done(open_error);
        return;
      }
      fsync(fd, (sync_error) => close(fd, (close_error) => done(sync_error ?? close_error ?? null)));
    });
  },
  syncFileNow: fdatasyncSync,
  syncDirectoryNow(path) {
    const fd = openSync(path, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  },
};

/** Writes all of `bytes` at `position`, also when the system takes them in parts. */
export function writeFully(io: JournalIo, fd: number, bytes: Uint8Array, position: number): void {
  let done = 0;
  while (done < bytes.length) {
    const written = io.write(fd, done === 0 ? bytes : bytes.subarray(done), position + done);
    if (written <= 0) throw new Error('The system accepted no bytes.');
    done += written;
  }
}
