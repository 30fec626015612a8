import { type JournalIo, NODE_IO } from '../../../src/journal/index.ts';

export interface TestDisk extends JournalIo {
  /** What can still be written. */
  free_bytes: number;
  /** The system's code for a write beyond that. */
  write_error: string;
  /** Most bytes of one write. */
  chunk: number;
  truncates: boolean;
}

/** A real file behind a disk that can be slow, full, broken. */
export function testDisk(): TestDisk {
  const fail = (code: string): Error => Object.assign(new Error(`${code}: simulated`), { code });
  const disk = {
    ...NODE_IO,
    free_bytes: Number.POSITIVE_INFINITY,
    write_error: 'ENOSPC',
    chunk: Number.POSITIVE_INFINITY,
    truncates: true,
    write(fd: number, bytes: Uint8Array, position: number): number {
      if (disk.free_bytes <= 0) throw fail(disk.write_error);
      const length = Math.min(bytes.length, disk.chunk, disk.free_bytes);
      disk.free_bytes -= length;
      return NODE_IO.write(fd, bytes.subarray(0, length), position);
    },
    truncate(fd: number, length: number): void {
      if (!disk.truncates) throw fail('EIO');
      NODE_IO.truncate(fd, length);
    },
  };
  return disk;
}
