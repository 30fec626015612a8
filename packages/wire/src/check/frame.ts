import {
  CLOCK_MAX,
  FLAG_MAX,
  FLAGS_MAX,
  GROUPS_MAX,
  LANGUAGES_MAX,
  PERMISSIONS_MAX,
  RISK_MAX,
  SCOPES_MAX,
  SIG_CHARS,
  TRACE_MAX,
  VIA_MAX,
} from '../fields/frame-fields.ts';
import { NAME_MAX } from '../fields/kinds.ts';
import { type Frame, PROTOCOL_MAJOR } from '../frame.ts';
import { FrameError, isFrameError } from '../frame-error.ts';
import { INT_MAX } from '../limits.ts';
import { type Check, checkDigest, checkInt, checkObject, checkText, checkTexts } from './check.ts';
import { checkName, checkUnknown } from './free.ts';
import { checkPayload } from './payload.ts';
import { isBase64Url } from '../json/base64url.ts';

// Written out by hand because every frame passes here: a loop over a table of fields takes two to three times as long.
// The tables in `fields` remain the source: a test holds this to the schema that is made from them.

/**
 * Judges a whole frame and returns it; bytes that JSON text has marked are put in place. Throws `FrameError`.
 * Only the members that are there are looked at, in the order in which they came.
 */
export function checkFrame(check: Check, value: unknown): Frame {
  const frame = checkObject(check, value, 1, '');
  checkMajor(frame['v']);
  let count = 0;
  for (const name in frame) {
    const member = frame[name];
    if (member === undefined) continue;
    count += 1;
    // The members that every frame has, and then the others.
    switch (name) {
      case 'v':
      case 'payload':
        break;
      case 'session_id':
      case 'stream_id':
        checkText(check, member, 1, NAME_MAX, name);
        break;
      case 'msg_seq':
        checkInt(member, 0, INT_MAX, name);
        break;
      default:
        checkMember(check, frame, name, member);
    }
  }
  check.take(count, '');
  if (frame['session_id'] === undefined) throw new FrameError('missing', { path: 'session_id' });
  if (frame['stream_id'] === undefined) throw new FrameError('missing', { path: 'stream_id' });
  if (frame['msg_seq'] === undefined) throw new FrameError('missing', { path: 'msg_seq' });
  if (frame['sig'] !== undefined) checkSigned(frame);
  // The content is read by type, except in fragments: whether this is one depends on members that may come later.
  if (frame['payload'] !== undefined) checkAddressed(check, frame as unknown as Frame);
  return frame as unknown as Frame;
}

/** What is wrong with a payload is told with the stream that it was for. */
function checkAddressed(check: Check, frame: Frame): void {
  try {
    checkPayload(check, frame);
  } catch (error) {
    if (isFrameError(error)) error.address = { stream_id: frame.stream_id };
    throw error;
  }
}

/** Before anything else: a frame of another major may look like anything. */
export function checkMajor(v: unknown): void {
  if (v === PROTOCOL_MAJOR) return;
  if (v === undefined) throw new FrameError('missing', { path: 'v' });
  throw new FrameError(Number.isSafeInteger(v) ? 'version' : 'type', { path: 'v' });
}

function checkMember(check: Check, frame: Record<string, unknown>, name: string, member: unknown): void {
  switch (name) {
    case 'nonce':
    case 'kid':
      checkText(check, member, 1, NAME_MAX, name);
      return;
    case 'frag_seq':
    case 'ts':
      checkInt(member, 0, INT_MAX, name);
      return;
    case 'flags':
      checkTexts(check, member, FLAGS_MAX, FLAG_MAX, name);
      return;
    case 'qos':
      checkQos(member);
      return;
    case 'ttl':
      checkInt(member, 0, 255, name);
      return;
    case 'window':
      checkWindow(check, member);
      return;
    case 'meta':
      checkMeta(check, member);
      return;
    case 'sig':
      checkSig(member);
      return;
    case 'checksum':
      checkDigest(check, member, name);
      return;
    default:
      checkUnknown(check, frame, name, 1, '');
  }
}

/** The replay guard needs nonce and time, and a reader has to know the key. */
function checkSigned(frame: Record<string, unknown>): void {
  if (frame['nonce'] === undefined) throw new FrameError('missing', { path: 'nonce' });
  if (frame['ts'] === undefined) throw new FrameError('missing', { path: 'ts' });
  if (frame['kid'] === undefined) throw new FrameError('missing', { path: 'kid' });
}

function checkSig(value: unknown): void {
  if (typeof value !== 'string') throw new FrameError('type', { path: 'sig' });
  // Twice as fast as the regular expression that the schema has for it.
  if (value.length !== SIG_CHARS || !isBase64Url(value)) throw new FrameError('value', { path: 'sig' });
}

function checkQos(value: unknown): void {
  if (value === 'gold' || value === 'silver' || value === 'bronze') return;
  throw new FrameError(typeof value === 'string' ? 'value' : 'type', { path: 'qos' });
}

function checkWindow(check: Check, value: unknown): void {
  const window = checkObject(check, value, 2, 'window');
  let count = 0;
  for (const name in window) {
    const member = window[name];
    if (member === undefined) continue;
    count += 1;
    switch (name) {
      case 'max_parallel':
        checkInt(member, 0, 1_000, 'window.max_parallel');
        break;
      case 'max_tokens':
        checkInt(member, 0, 1e7, 'window.max_tokens');
        break;
      case 'max_usd_micros':
        checkInt(member, 0, 1e10, 'window.max_usd_micros');
        break;
      default:
        checkUnknown(check, window, name, 2, 'window');
    }
  }
  check.take(count, 'window');
}

function checkMeta(check: Check, value: unknown): void {
  const meta = checkObject(check, value, 2, 'meta');
  let count = 0;
  for (const name in meta) {
    const member = meta[name];
    if (member === undefined) continue;
    count += 1;
    checkMetaMember(check, meta, name, member);
  }
  check.take(count, 'meta');
}

const META_PATH = {
  task_type: 'meta.task_type',
  environment_id: 'meta.environment_id',
  idempotency_key: 'meta.idempotency_key',
  node_id: 'meta.node_id',
} as const;

function checkMetaMember(check: Check, meta: Record<string, unknown>, name: string, member: unknown): void {
  switch (name) {
    case 'task_type':
    case 'environment_id':
    case 'idempotency_key':
    case 'node_id':
      checkText(check, member, 1, NAME_MAX, META_PATH[name]);
      return;
    case 'languages':
      checkTexts(check, member, LANGUAGES_MAX, NAME_MAX, 'meta.languages');
      return;
    case 'risk':
      checkText(check, member, 1, RISK_MAX, 'meta.risk');
      return;
    case 'data_scope':
      checkTexts(check, member, SCOPES_MAX, NAME_MAX, 'meta.data_scope');
      return;
    case 'trace':
      checkText(check, member, 1, TRACE_MAX, 'meta.trace');
      return;
    case 'tool_permissions':
      checkTexts(check, member, PERMISSIONS_MAX, NAME_MAX, 'meta.tool_permissions');
      return;
    case 'security_groups':
      checkTexts(check, member, GROUPS_MAX, NAME_MAX, 'meta.security_groups');
      return;
    case 'deadline_ms':
      checkInt(member, 0, INT_MAX, 'meta.deadline_ms');
      return;
    case 'vector_clock':
      checkClock(check, member);
      return;
    case 'via':
      checkTexts(check, member, VIA_MAX, NAME_MAX, 'meta.via');
      return;
    default:
      checkUnknown(check, meta, name, 2, 'meta');
  }
}

function checkClock(check: Check, value: unknown): void {
  const clock = checkObject(check, value, 3, 'meta.vector_clock');
  let count = 0;
  for (const name in clock) {
    const member = clock[name];
    if (member === undefined) continue;
    count += 1;
    if (check.origin !== 'read') checkName(name, 'meta.vector_clock');
    checkInt(member, 0, INT_MAX, 'meta.vector_clock.*');
  }
  if (count > CLOCK_MAX) throw new FrameError('value', { path: 'meta.vector_clock' });
  check.take(count, 'meta.vector_clock');
}
