import { type Command, Option } from 'commander';
import type { CompatOptions } from '../wire/compat.ts';
import type { DecodeOptions } from '../wire/decode.ts';
import type { DiffOptions } from '../wire/diff.ts';
import type { EncodeOptions } from '../wire/encode.ts';
import type { RecordOptions } from '../wire/record.ts';
import type { ReplayOptions } from '../wire/replay.ts';
import type { SignOptions, VerifyOptions } from '../wire/sign.ts';
import { FORMS, SPELLINGS, TARGETS } from '../wire/spellings.ts';
import { type Cli, integer } from './context.ts';

const TIME_MAX = Number.MAX_SAFE_INTEGER;
const FILE = 'file with frames, - for standard input';

export function addWire(program: Command, cli: Cli): void {
  const wire = program
    .command('wire')
    .description('frames of the Agent Transport Protocol: read, write, sign, compare');
  addCoding(wire, cli);
  addSigning(wire, cli);
  addComparing(wire, cli);
  addRecording(wire, cli);
}

/** How the input is spelled; mostly its first bytes tell. */
function taking(command: Command): Command {
  return command.addOption(new Option('--form <form>', 'form of the input').choices(FORMS).default('auto'));
}

function giving(command: Command, to: string): Command {
  return command
    .addOption(new Option('--to <encoding>', 'encoding of the output').choices(TARGETS).default(to))
    .addOption(new Option('--as <spelling>', 'spelling of the output').choices(SPELLINGS))
    .option('--record', 'put the length before each frame, as in streams and files')
    .option('--json', 'as JSON, one line a frame');
}

function keyed(command: Command): Command {
  return command
    .option('--key-file <file>', 'file with the key: hex, base64url, or JSON with kid and secret')
    .option('--key-env <name>', 'variable with the same (default: ATP_WIRE_KEY)')
    .option('--kid <id>', 'which key');
}

function addCoding(wire: Command, cli: Cli): void {
  taking(wire.command('decode'))
    .argument('[file]', FILE, '-')
    .description('print frames as JSON, or why they are none; exit 1 when any is none')
    .option('--canonical', 'with the canonical CBOR in hex, which checksum and signature cover')
    .option('--json', 'as JSON, one line a frame')
    .action(async (file: string, options: DecodeOptions) =>
      (await import('../wire/decode.ts')).decode(cli, file, options),
    );
  giving(taking(wire.command('encode')), 'cbor')
    .argument('[file]', FILE, '-')
    .description('write frames in an encoding; canonical is canonical JSON, for people')
    .action(async (file: string, options: EncodeOptions) =>
      (await import('../wire/encode.ts')).encode(cli, file, options),
    );
}

function addSigning(wire: Command, cli: Cli): void {
  giving(keyed(taking(wire.command('sign'))), 'json')
    .argument('[file]', FILE, '-')
    .description('sign a frame; the key is never an argument')
    .option('--nonce <text>', 'nonce (default: 16 random bytes)')
    .option('--ts <ms>', 'time in milliseconds since 1970 (default: now)', integer(0, TIME_MAX))
    .option('--checksum', 'put a checksum on it too')
    .action(async (file: string, options: SignOptions) => (await import('../wire/sign.ts')).sign(cli, file, options));
  keyed(taking(wire.command('verify')))
    .argument('[file]', FILE, '-')
    .description('say which fault signature, checksum and digest have; exit 1 when there is one')
    .option(
      '--at <ms>',
      'when the key has to be valid, in milliseconds since 1970 (default: now)',
      integer(0, TIME_MAX),
    )
    .option('--json', 'as JSON, one line a frame')
    .action(async (file: string, options: VerifyOptions) =>
      (await import('../wire/sign.ts')).verify(cli, file, options),
    );
}

function addComparing(wire: Command, cli: Cli): void {
  taking(wire.command('diff'))
    .argument('<first>', 'frames or a trace, - for standard input')
    .argument('<second>', 'frames or a trace, - for standard input')
    .description('what two frames or traces differ in, beside encodings and times; exit 1 when they do')
    .option('--json', 'as JSON')
    .action(async (first: string, second: string, options: DiffOptions) =>
      (await import('../wire/diff.ts')).diff(cli, first, second, options),
    );
  wire
    .command('replay')
    .argument('<file>', 'trace, - for standard input')
    .description('judge a recorded trace frame by frame; exit 1 when it breaks a rule')
    .option('--print', 'every frame, with what was found of it')
    .option('--json', 'as JSON')
    .action(async (file: string, options: ReplayOptions) =>
      (await import('../wire/replay.ts')).replay(cli, file, options),
    );
  wire
    .command('compat')
    .argument('<old>', 'fields.json of an edition')
    .argument('[new]', 'fields.json of the other (default: the one of this program)')
    .description('which changes of the frames break old or new readers; exit 1 when any does')
    .option('--checklist', 'as an upgrade checklist in Markdown')
    .option('--json', 'as JSON')
    .action(async (old: string, now: string | undefined, options: CompatOptions) =>
      (await import('../wire/compat.ts')).compat(cli, old, now, options),
    );
}

/** A trace that would take longer to read than to make. */
const TRACE_BYTES = 67_108_864;

function addRecording(wire: Command, cli: Cli): void {
  wire
    .command('record')
    .description('pass frames between clients and a router, and record them as a trace; ends with Ctrl-C')
    .requiredOption('--to <url>', 'the router, ws:// or wss://')
    .requiredOption('--out <file>', 'file of the trace; it must not be there yet')
    .option('--listen <address>', 'where clients connect, as host:port or port', '127.0.0.1:0')
    .option('--bytes', 'also the exact bytes of every frame')
    .option('--max-bytes <n>', 'largest trace', integer(1, TRACE_BYTES), TRACE_BYTES)
    .option('--json', 'what happens as JSON, one line each')
    .action(async (options: RecordOptions) => (await import('../wire/record.ts')).record(cli, options));
}
