import { parseArgs } from 'node:util';

export interface SliceOptions {
  readonly rounds: number;
  readonly slice_ms: number;
  /** Connections or sessions whose memory is measured; 0: none. */
  readonly idle: number;
  /** Length of one long run, for benches that have one; 0: none. */
  readonly long_ms: number;
}

/** What a bench of connections was asked for on its command line. Ends the process with the usage for anything else. */
export function sliceOptions(usage: string, slice_ms_default: number, long_ms_default: number = 0): SliceOptions {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '9' },
      'slice-ms': { type: 'string', default: String(slice_ms_default) },
      idle: { type: 'string', default: '8000' },
      'long-ms': { type: 'string', default: String(long_ms_default) },
      help: { type: 'boolean' },
    },
  });
  const rounds = Number(values.rounds);
  const slice_ms = Number(values['slice-ms']);
  const idle = Number(values.idle);
  const long_ms = Number(values['long-ms']);
  if (
    values.help ||
    ![rounds, slice_ms, idle, long_ms].every((one) => Number.isInteger(one) && one >= 0) ||
    rounds < 1
  ) {
    process.stderr.write(`${usage}\n`);
    process.exit(values.help ? 0 : 2);
  }
  return { rounds, slice_ms, idle, long_ms };
}
