import { parseArgs } from 'node:util';

export interface SliceOptions {
  readonly rounds: number;
  readonly slice_ms: number;
  /** Connections or sessions whose memory is measured; 0: none. */
  readonly idle: number;
}

/** What a bench of connections was asked for on its command line. Ends the process with the usage for anything else. */
export function sliceOptions(usage: string, slice_ms_default: number): SliceOptions {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '9' },
      'slice-ms': { type: 'string', default: String(slice_ms_default) },
      idle: { type: 'string', default: '8000' },
      help: { type: 'boolean' },
    },
  });
  const rounds = Number(values.rounds);
  const slice_ms = Number(values['slice-ms']);
  const idle = Number(values.idle);
  if (values.help || ![rounds, slice_ms, idle].every((one) => Number.isInteger(one) && one >= 0) || rounds < 1) {
    process.stderr.write(`${usage}\n`);
    process.exit(values.help ? 0 : 2);
  }
  return { rounds, slice_ms, idle };
}
