import { hash, randomBytes } from 'node:crypto';
import {
  contentDigest,
  type Digests,
  digestsFrom,
  type Frame,
  isFrameError,
  type KeyRing,
  Sealer,
  type SignatureFault,
  type SigningKey,
} from '@atp-router/wire';
import type { Cli } from '../commands/context.ts';
import { CliError, EXIT } from '../exit.ts';
import { count, printable } from '../print/text.ts';
import { readBytes } from '../read-file.ts';
import { type OutputOptions, write } from './encode.ts';
import { type Form, type Given, givenFrames, readableFrames, safeJson } from './input.ts';
import { type KeyOptions, loadKeys } from './keys.ts';

export interface SignOptions extends KeyOptions, OutputOptions {
  readonly form: Form;
  readonly nonce?: string;
  readonly ts?: number;
  readonly checksum?: boolean;
}

export interface VerifyOptions extends KeyOptions {
  readonly json?: boolean;
  readonly form: Form;
  /** When the keys have to be valid, in milliseconds since 1970; default now. */
  readonly at?: number;
}

const NONCE_BYTES = 16;
const NONCE_CHARS_MAX = 128;

export const digests: Digests = digestsFrom((bytes) => hash('sha256', bytes, 'buffer'));

export async function sign(cli: Cli, file: string, options: SignOptions): Promise<void> {
  const name = file === '-' ? 'the input' : file;
  const frames = readableFrames(givenFrames(await readBytes(file, cli.terminal), options.form, name), name);
  const [frame] = frames;
  if (frame === undefined || frames.length > 1) {
    throw new CliError(EXIT.usage, `${name} holds ${count(frames.length, 'frame')}; one is signed at a time.`);
  }
  const now_ms = Date.now();
  const key = signerOf(await loadKeys(options, options.kid, cli.terminal), options.kid, now_ms);
  const { nonce = randomBytes(NONCE_BYTES).toString('base64url'), ts = now_ms } = options;
  if (nonce === '' || nonce.length > NONCE_CHARS_MAX) {
    throw new CliError(EXIT.usage, `a nonce has 1 to ${NONCE_CHARS_MAX} characters.`);
  }
  const sealer = new Sealer(digests);
  // A checksum that was there covers other bytes now (W47).
  const { checksum: _checksum, sig: _sig, ...bare } = frame;
  const had_checksum = options.checksum === true || frame.checksum !== undefined;
  try {
    const signed = sealer.sign(bare, key, { nonce, ts });
    write(cli, [had_checksum ? sealer.withChecksum(signed) : signed], options);
  } catch (error) {
    if (!isFrameError(error)) throw error;
    throw new CliError(EXIT.failed, `the frame cannot be signed: ${error.message}.`);
  }
}

function signerOf(ring: KeyRing, kid: string | undefined, now_ms: number): SigningKey {
  if (kid === undefined) {
    const newest = ring.signer(now_ms);
    if (newest === undefined) throw new CliError(EXIT.denied, 'none of the keys is valid now.');
    return newest;
  }
  const found = ring.at(kid, now_ms);
  if (found.ok) return found.key;
  throw new CliError(EXIT.denied, `the key ${printable(kid)} cannot sign: ${FAULTS[found.fault]}.`);
}

/** What each fault means, to whoever holds the keys. A peer is told none of it (W45). */
const FAULTS: Readonly<Record<SignatureFault, string>> = {
  unsigned: 'the frame is not signed',
  unknown_kid: 'no key of this id is given',
  not_yet_valid: 'the key is not valid yet',
  expired: 'the key is no longer valid',
  bad_signature: 'the signature is not the one that the key makes',
};

/** What was found of one frame. */
interface Verified {
  readonly ok: boolean;
  readonly kid?: string;
  readonly signature: 'good' | SignatureFault;
  readonly checksum: 'absent' | 'good' | 'bad';
  /** `payload.checksum` of a whole message or fragment. */
  readonly content: 'absent' | 'good' | 'bad';
}

/** Says of each frame which fault it has; 1 when any has one. Tells nothing of replay, which takes a memory. */
export async function verify(cli: Cli, file: string, options: VerifyOptions): Promise<void> {
  const name = file === '-' ? 'the input' : file;
  const given = givenFrames(await readBytes(file, cli.terminal), options.form, name);
  const first = given.find((one): one is Given & { readonly frame: Frame } => 'frame' in one);
  const ring = await loadKeys(options, options.kid ?? first?.frame.kid ?? 'none', cli.terminal);
  const at_ms = options.at ?? Date.now();
  for (const [i, one] of given.entries()) {
    if ('error' in one) {
      const { fault, message } = one.error;
      cli.terminal.out(
        options.json ? `${safeJson({ ok: false, fault, reason: message })}\n` : `frame ${i + 1}: ${message}\n`,
      );
      cli.exit(EXIT.failed);
      continue;
    }
    const found = verified(one.frame, ring, at_ms);
    if (!found.ok) cli.exit(EXIT.failed);
    cli.terminal.out(options.json ? `${safeJson(found)}\n` : `frame ${i + 1}: ${verdictText(found)}\n`);
  }
}

function verified(frame: Frame, ring: KeyRing, at_ms: number): Verified {
  const sealer = new Sealer(digests);
  const verdict = sealer.verify(frame, ring, at_ms);
  const signature = verdict.ok ? 'good' : verdict.fault;
  const checksum = sealer.checkChecksum(frame);
  const { content: value, checksum: digest } = frame.payload ?? {};
  const content =
    digest === undefined ? 'absent' : value !== undefined && contentDigest(value, digests) === digest ? 'good' : 'bad';
  const ok = verdict.ok && checksum !== 'bad' && content !== 'bad';
  return { ok, ...(frame.kid !== undefined && { kid: frame.kid }), signature, checksum, content };
}

function verdictText({ kid, signature, checksum, content }: Verified): string {
  const who = kid === undefined ? '' : ` of key ${printable(kid)}`;
  const said =
    signature === 'good' ? `signature${who} good` : `signature${who} refused: ${FAULTS[signature]} (${signature})`;
  return `${said}; checksum ${checksum}; digest of the content ${content}`;
}
