import { contentDigest } from '../../fragment/content.ts';
import { hasFlag, isFragment } from '../../frame.ts';
import { Sealer } from '../../signature.ts';
import { encodedBytes } from './format.ts';
import type { Judge, Judged } from './tracks.ts';

/** Payload types that are about the session itself (S4). */
const CONTROL_TYPES: ReadonlySet<string> = new Set([
  'control.hello',
  'control.ack',
  'control.window_update',
  'control.budget_update',
  'control.resume',
]);

/** What can be told of a frame by itself. */
export const judgeForm: Judge = (judged) => {
  judgeSize(judged);
  if ((judged.record.entry.redacted ?? []).length === 0) judgeDigests(judged);
  judgeFlags(judged);
  judgeNonce(judged);
};

function judgeSize({ record, frame, report }: Judged): void {
  const { bytes, encoding, redacted } = record.entry;
  // JSON is written in many ways, and what was replaced had another length.
  if (encoding !== 'cbor' || bytes === undefined || redacted !== undefined) return;
  const due = encodedBytes(frame, encoding);
  if (bytes !== due) report('W30', `${bytes} bytes went over the connection; the frame in CBOR has ${due}`);
}

function judgeDigests({ frame, digests, report }: Judged): void {
  if (new Sealer(digests).checkChecksum(frame) === 'bad') report('W43', 'the checksum is wrong');
  const { content, checksum } = frame.payload ?? {};
  // Those of fragments are judged where they are put together.
  if (checksum === undefined || content === undefined || isFragment(frame)) return;
  if (contentDigest(content, digests) !== checksum) report('W49', 'payload.checksum is not the digest of the content');
}

function judgeFlags({ frame, is_control, report }: Judged): void {
  const type = frame.payload?.type ?? '';
  const is_about_session = CONTROL_TYPES.has(type) || hasFlag(frame, 'HB') || hasFlag(frame, 'RST');
  if (is_about_session && !is_control) report('S4', `${type === '' ? 'this frame' : type} goes with CTRL`);
  if (hasFlag(frame, 'RST') && !hasFlag(frame, 'ACK') && type !== 'error') report('W64', 'RST comes with an error');
}

function judgeNonce({ frame, sender, report }: Judged): void {
  const { sig, nonce, kid } = frame;
  if (sig === undefined) return;
  const key = JSON.stringify([kid, nonce]);
  if (sender.nonces.has(key)) report('S36', 'the nonce was used before');
  sender.nonces.add(key);
}
