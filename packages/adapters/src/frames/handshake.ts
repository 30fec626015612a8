import { AtpError } from '@atp-router/kernel';
import type { UpgradeRequest } from '../http/index.ts';
import type { FrameAcceptor } from './connection.ts';
import { credentialOf, type FramePrincipal, KEY_SUBPROTOCOL, SUBPROTOCOL, subprotocolsOf } from './credential.ts';

/** 16 bytes in base64 (RFC 6455, 4.2.1). */
const NONCE = /^[+/0-9A-Za-z]{22}==$/;
/** A name as RFC 9110, 5.6.2 has it. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VERSION = '13';

/**
 * Judges a request to open a WebSocket, and says who asks, if the request does. Throws the `AtpError` that answers it. What
 * a browser does not let a page choose (`Origin`) is looked at first, then what any client can get wrong, then the key.
 */
export function judgeHandshake(
  request: UpgradeRequest,
  acceptor: Pick<FrameAcceptor, 'identify'>,
  allowed_origins: readonly string[],
): FramePrincipal | undefined {
  if (!isUpgrade(request)) {
    throw new AtpError('upgrade_required', 'This is a WebSocket: ask for it with "upgrade: websocket" in HTTP/1.1.');
  }
  if (request.header('host') === undefined) {
    throw new AtpError('invalid_request', 'The request has no "host" header, which HTTP/1.1 demands.');
  }
  if (!mayConnect(request.header('origin'), request.header('host'), allowed_origins)) {
    const message = 'Pages of this origin may not connect. The operator can add it to the allowed origins.';
    throw new AtpError('policy_denied', message, { param: 'origin' });
  }
  if (request.header('sec-websocket-version') !== VERSION) {
    throw new AtpError('upgrade_required', `"sec-websocket-version" must be ${VERSION}.`, {
      param: 'sec-websocket-version',
    });
  }
  if (!NONCE.test(request.header('sec-websocket-key') ?? '')) throw bad('key', 'must be 16 bytes in base64');
  const names = subprotocolsOf(request.header('sec-websocket-protocol'));
  if (!names.includes(SUBPROTOCOL)) throw bad('protocol', `must offer ${SUBPROTOCOL}`);
  const are_names = new Set(names).size === names.length && names.every((name) => TOKEN.test(name));
  if (!are_names) throw bad('protocol', 'must be different names separated by commas');
  if (names.filter((name) => name.startsWith(KEY_SUBPROTOCOL)).length > 1) throw bad('protocol', 'has two keys');
  const credential = credentialOf((name) => request.header(name));
  return credential === undefined ? undefined : acceptor.identify(credential);
}

function isUpgrade(request: UpgradeRequest): boolean {
  const asks = (request.header('connection') ?? '').toLowerCase().split(',');
  const to = request.header('upgrade')?.toLowerCase();
  return request.method === 'GET' && to === 'websocket' && asks.some((option) => option.trim() === 'upgrade');
}

/**
 * Browsers say where a page came from, and let any page open a WebSocket to anywhere. Other clients say nothing. Pages of
 * the router's own host may connect; behind a proxy that ends TLS only the host tells, so the scheme is not compared.
 */
function mayConnect(origin: string | undefined, host: string | undefined, allowed: readonly string[]): boolean {
  if (origin === undefined || allowed.includes('*') || allowed.includes(origin)) return true;
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}

function bad(name: string, what: string): AtpError {
  const header = `sec-websocket-${name}`;
  return new AtpError('invalid_request', `Header "${header}" ${what}.`, { param: header });
}
