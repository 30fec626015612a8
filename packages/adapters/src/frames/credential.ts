import { createHash, timingSafeEqual } from 'node:crypto';

/** A key as it came: in the form of the two headers that carry one. Neither is there when there was none. */
export interface Credential {
  readonly authorization?: string;
  readonly 'x-api-key'?: string;
}

/** Who a key belongs to. The key itself is not kept. */
export interface FramePrincipal {
  readonly tenant: string;
  readonly key_id: string;
}

export const SUBPROTOCOL = 'atp.v1';
/** Browsers cannot set headers of a WebSocket; a subprotocol they can, and it is not written into logs as a query is. */
export const KEY_SUBPROTOCOL = 'atp.key.';

/** The key of a request; one in a header counts before one in a subprotocol. */
export function credentialOf(header: (name: string) => string | undefined): Credential | undefined {
  const authorization = header('authorization');
  const api_key = header('x-api-key') ?? keyAmong(subprotocolsOf(header('sec-websocket-protocol')));
  if (authorization === undefined && api_key === undefined) return undefined;
  return {
    ...(authorization !== undefined && { authorization }),
    ...(api_key !== undefined && { 'x-api-key': api_key }),
  };
}

/** The names of `Sec-WebSocket-Protocol`. */
export function subprotocolsOf(value: string | undefined): readonly string[] {
  return value === undefined ? [] : value.split(',').map((name) => name.trim());
}

function keyAmong(names: readonly string[]): string | undefined {
  return names.find((name) => name.startsWith(KEY_SUBPROTOCOL))?.slice(KEY_SUBPROTOCOL.length);
}

/** Compares in a time that says nothing of what the texts have in common. */
export function sameText(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
