import { type Frame, isWireObject, type WireValue } from '@atp-router/wire';
import type { Outgoing } from '../contract.ts';
import type { ContentKind } from './plan.ts';

/** What a message of the plan has in it: from its mark alone, so that what arrives can be held against it. */
export function messageOf(
  uid: number,
  kind: ContentKind,
  size: number,
  lane: LaneNames,
  qos?: Outgoing['qos'],
): Outgoing {
  const names = lane.persona_id === '' ? {} : { persona_id: lane.persona_id, clone_id: lane.clone_id };
  if (kind === 'none' && lane.persona_id === '' && size === 0) return {};
  const content = contentOf(uid, kind, size);
  return {
    payload: { type: 'agent.log', seq: uid, ...names, ...(content !== undefined && { content }) },
    ...(qos && { qos }),
  };
}

interface LaneNames {
  readonly persona_id: string;
  readonly clone_id: string;
}

function contentOf(uid: number, kind: ContentKind, size: number): WireValue | undefined {
  switch (kind) {
    case 'none':
      return undefined;
    case 'text':
      return textOf(uid, size);
    case 'bytes':
      return Uint8Array.from({ length: size }, (_, i) => (uid * 31 + i * 7) & 255);
    case 'json':
      return { uid, text: textOf(uid, size), list: [uid, null, true] };
  }
}

/** Not one letter over and over: pieces of it must differ. Some characters take more than one byte. */
function textOf(uid: number, size: number): string {
  let text = '';
  for (let i = 0; text.length < size; i += 1) text += `${uid}.${i}ü `;
  return text.slice(0, size);
}

/** Whether what was handed on is what was said. */
export function sameMessage({ payload }: Pick<Frame, 'payload'>, said: Outgoing): boolean {
  if (payload === undefined || said.payload === undefined) return payload === said.payload;
  return (
    payload.type === said.payload.type &&
    payload.seq === said.payload.seq &&
    sameValue(payload.content, said.payload.content)
  );
}

function sameValue(left: WireValue | undefined, right: WireValue | undefined): boolean {
  if (left instanceof Uint8Array || right instanceof Uint8Array)
    return left instanceof Uint8Array && right instanceof Uint8Array && String(left) === String(right);
  if (isWireObject(left) && isWireObject(right)) {
    const names = Object.keys(left);
    return names.length === Object.keys(right).length && names.every((name) => sameValue(left[name], right[name]));
  }
  if (Array.isArray(left) && Array.isArray(right))
    return left.length === right.length && left.every((item: WireValue, i) => sameValue(item, right[i] as WireValue));
  return left === right;
}
