import { CONTENTS } from './fields/content-fields.ts';
import type { KnownPayload, Payload, PayloadType } from './payloads.ts';

export function isPayloadType(type: string): type is PayloadType {
  return Object.hasOwn(CONTENTS, type);
}

/**
 * The payload of a whole message as one of the catalogue, so that a switch on `type` gives `content` its shape; nothing for
 * a type that this edition does not know. Of a frame that was decoded here the shape has been checked.
 */
export function knownPayload(payload: Payload): KnownPayload | undefined {
  return isPayloadType(payload.type) ? (payload as KnownPayload) : undefined;
}
