import { BlockList, isIP } from 'node:net';

/** RFC 1918, RFC 4193, RFC 3927/4291 (link-local), and loopback. Made anew each time: it is asked at load only. */
function privateAddresses(): BlockList {
  const list = new BlockList();
  list.addSubnet('127.0.0.0', 8, 'ipv4');
  list.addSubnet('10.0.0.0', 8, 'ipv4');
  list.addSubnet('172.16.0.0', 12, 'ipv4');
  list.addSubnet('192.168.0.0', 16, 'ipv4');
  list.addSubnet('169.254.0.0', 16, 'ipv4');
  list.addAddress('::1', 'ipv6');
  list.addSubnet('fc00::', 7, 'ipv6');
  list.addSubnet('fe80::', 10, 'ipv6');
  return list;
}

/** Names that no public name server answers for: RFC 6761, RFC 6762, RFC 8375, and `internal`, which ICANN reserved. */
const PRIVATE_SUFFIXES: readonly string[] = ['.localhost', '.local', '.internal', '.home.arpa'];

/**
 * Whether what a provider is sent stays on this machine or in its private network, as far as its address tells. Agents that
 * dial in may be anywhere. A name without a dot is one of this network: no top-level domain has an address of its own.
 */
export function isLocalProvider(type: string | undefined, base_url: string | undefined): boolean {
  if (type === 'sim') return true;
  if (type === 'agent') return false;
  if (base_url === undefined) return type === 'ollama';
  const host = hostOf(base_url);
  if (host === undefined) return false;
  const family = isIP(host);
  if (family !== 0) return privateAddresses().check(host, family === 6 ? 'ipv6' : 'ipv4');
  return !host.includes('.') || PRIVATE_SUFFIXES.some((suffix) => host.endsWith(suffix));
}

function hostOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  return new URL(url).hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
}
