import { CONTENT_OPTIONAL, CONTENTS } from '../fields/content-fields.ts';
import { NAME_MAX } from '../fields/kinds.ts';
import type { Shape } from '../fields/spec.ts';
import { type Frame, isFragment } from '../frame.ts';
import { FrameError } from '../frame-error.ts';
import { INT_MAX } from '../limits.ts';
import { type Check, checkDigest, checkInt, checkNumber, checkObject, checkText } from './check.ts';
import { checkFree, checkInto, checkUnknown } from './free.ts';
import { checkShape } from './shape.ts';

/** Judges `payload` of a frame whose other members have been judged. */
export function checkPayload(check: Check, frame: Frame): void {
  const payload = checkObject(check, frame.payload, 2, 'payload');
  let count = 0;
  for (const name in payload) {
    const member = payload[name];
    if (member === undefined) continue;
    count += 1;
    if (name === 'type') checkText(check, member, 1, NAME_MAX, 'payload.type');
    else if (name !== 'content') checkMember(check, payload, name, member);
  }
  check.take(count, 'payload');
  const { type } = payload;
  if (type === undefined) throw new FrameError('missing', { path: 'payload.type' });
  if (isFragment(frame)) checkPiece(check, payload);
  else checkContent(check, payload, type as string);
}

function checkMember(check: Check, payload: Record<string, unknown>, name: string, member: unknown): void {
  switch (name) {
    case 'confidence':
      checkNumber(member, 0, 1, 'payload.confidence');
      return;
    case 'cost_est':
      checkCost(check, member);
      return;
    case 'checksum':
      checkDigest(check, member, 'payload.checksum');
      return;
    case 'expiry_ms':
      checkInt(member, 0, INT_MAX, 'payload.expiry_ms');
      return;
    case 'persona_id':
      checkText(check, member, 1, NAME_MAX, 'payload.persona_id');
      return;
    case 'clone_id':
      checkText(check, member, 1, NAME_MAX, 'payload.clone_id');
      return;
    case 'seq':
      checkInt(member, 0, INT_MAX, 'payload.seq');
      return;
    case 'frag':
      checkSeal(check, member);
      return;
    default:
      checkUnknown(check, payload, name, 2, 'payload');
  }
}

const COST_PATH = {
  in_tokens: 'payload.cost_est.in_tokens',
  out_tokens: 'payload.cost_est.out_tokens',
  usd_micros: 'payload.cost_est.usd_micros',
} as const;

function checkCost(check: Check, value: unknown): void {
  const cost = checkObject(check, value, 3, 'payload.cost_est');
  let count = 0;
  for (const name in cost) {
    const member = cost[name];
    if (member === undefined) continue;
    count += 1;
    if (name === 'in_tokens' || name === 'out_tokens' || name === 'usd_micros') {
      checkInt(member, 0, INT_MAX, COST_PATH[name]);
    } else checkUnknown(check, cost, name, 3, 'payload.cost_est');
  }
  check.take(count, 'payload.cost_est');
}

function checkSeal(check: Check, value: unknown): void {
  const seal = checkObject(check, value, 3, 'payload.frag');
  let count = 0;
  for (const name in seal) {
    const member = seal[name];
    if (member === undefined) continue;
    count += 1;
    if (name === 'root') checkDigest(check, member, 'payload.frag.root');
    else if (name === 'bytes') checkInt(member, 0, INT_MAX, 'payload.frag.bytes');
    else if (name !== 'form') checkUnknown(check, seal, name, 3, 'payload.frag');
    else if (member !== 'json') {
      throw new FrameError(typeof member === 'string' ? 'value' : 'type', { path: 'payload.frag.form' });
    }
  }
  check.take(count, 'payload.frag');
  if (seal['root'] === undefined) throw new FrameError('missing', { path: 'payload.frag.root' });
  if (seal['bytes'] === undefined) throw new FrameError('missing', { path: 'payload.frag.bytes' });
}

/** A fragment's content is a piece of text or bytes, whatever the type of the message. */
function checkPiece(check: Check, payload: Record<string, unknown>): void {
  const { content } = payload;
  if (content === undefined) throw new FrameError('missing', { path: 'payload.content' });
  if (payload['checksum'] === undefined) throw new FrameError('missing', { path: 'payload.checksum' });
  const piece = checkFree(check, content, 2, 'payload.content');
  if (typeof piece !== 'string' && !(piece instanceof Uint8Array)) {
    throw new FrameError('type', { path: 'payload.content' });
  }
  if (piece !== content) payload['content'] = piece;
}

/** The content of a whole message, by its type. Also asked when a message has been put together from fragments. */
export function checkContent(check: Check, payload: Record<string, unknown>, type: string): void {
  const { content } = payload;
  // The two types that most frames have come first: to look a text up that was just read means to hash it.
  if (type === 'agent.stream' && content !== undefined) {
    checkStream(check, content);
    return;
  }
  const shape = type === 'agent.result.partial' ? undefined : SHAPES.get(type);
  if (shape !== undefined) {
    if (content !== undefined) checkShape(check, content, shape, 3, 'payload.content');
    else if (!CONTENT_OPTIONAL.has(type)) throw new FrameError('missing', { path: 'payload.content' });
    return;
  }
  if (type === 'agent.result.provisional' && payload['expiry_ms'] === undefined) {
    throw new FrameError('missing', { path: 'payload.expiry_ms' });
  }
  if (content !== undefined) checkInto(check, payload, 'content', content, 2, 'payload.content');
}

const SHAPES: ReadonlyMap<string, Shape | undefined> = new Map(Object.entries(CONTENTS));

/** By hand as the frame is. */
function checkStream(check: Check, value: unknown): void {
  const content = checkObject(check, value, 3, 'payload.content');
  let count = 0;
  for (const name in content) {
    const member = content[name];
    if (member === undefined) continue;
    count += 1;
    switch (name) {
      case 'session_id':
      case 'persona_id':
      case 'clone_id':
        checkText(check, member, 1, NAME_MAX, STREAM_PATH[name]);
        break;
      case 'seq':
        checkInt(member, 0, INT_MAX, STREAM_PATH.seq);
        break;
      case 'data':
        checkInto(check, content, name, member, 3, STREAM_PATH.data);
        break;
      default:
        checkUnknown(check, content, name, 3, 'payload.content');
    }
  }
  check.take(count, 'payload.content');
  const { session_id, persona_id, clone_id, seq, data } = content;
  if (session_id === undefined) throw new FrameError('missing', { path: STREAM_PATH.session_id });
  if (persona_id === undefined) throw new FrameError('missing', { path: STREAM_PATH.persona_id });
  if (clone_id === undefined) throw new FrameError('missing', { path: STREAM_PATH.clone_id });
  if (seq === undefined) throw new FrameError('missing', { path: STREAM_PATH.seq });
  if (data === undefined) throw new FrameError('missing', { path: STREAM_PATH.data });
}

const STREAM_PATH = {
  session_id: 'payload.content.session_id',
  persona_id: 'payload.content.persona_id',
  clone_id: 'payload.content.clone_id',
  seq: 'payload.content.seq',
  data: 'payload.content.data',
} as const;
