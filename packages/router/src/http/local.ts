import type { HttpExchange } from '@atp-router/adapters';

/** Each is set by some proxy, and by no scraper. */
const PROXY_HEADERS: readonly string[] = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-forwarded-server',
  'x-real-ip',
];

const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/**
 * Whether a request was made on this machine, by somebody who meant this machine: the peer is loopback, so is the name
 * that was asked for (a page whose name was bound to 127.0.0.1 has its own name there), and nothing says that a proxy
 * passed it on. nginx adds no header by itself and asks for the address that it was configured with, but speaks HTTP/1.0
 * unless told otherwise (the default before 1.29.7), which scrapers do not. A proxy that leaves no such trace cannot be
 * told from a local client.
 */
export function isLocal(exchange: HttpExchange): boolean {
  if (!isLoopback(exchange.remote_address) || exchange.http_version === '1.0') return false;
  const host = exchange.header('host');
  if (host === undefined || !LOOPBACK_HOST.test(host)) return false;
  return PROXY_HEADERS.every((name) => exchange.header(name) === undefined);
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.');
}
