import { isIP } from 'node:net';

/** RFC 1123, with the underscore that some networks use. A last label of digits would be an IPv4 address, and is none. */
const LABEL = /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;
const HOST_CHARS_MAX = 253;

/** Whether somebody could listen there: an IP address (IPv6 without brackets) or the name of a host. */
export function isHost(text: string): boolean {
  if (isIP(text) !== 0) return true;
  const labels = text.replace(/\.$/, '').split('.');
  const last = labels.at(-1) ?? '';
  return text.length <= HOST_CHARS_MAX && labels.every((label) => LABEL.test(label)) && !/^[0-9]+$/.test(last);
}

/**
 * Whether the driver can read it. It takes several hosts, each with a port, where a URL takes one; and it decodes user,
 * password and hosts.
 */
export function isDatabaseUrl(text: string): boolean {
  const authority = text.slice(text.indexOf('://') + 3).split(/[?/]/)[0] ?? '';
  const hosts = authority.slice(authority.lastIndexOf('@') + 1);
  const [first = '', ...others] = hosts.split(',');
  const url = URL.parse(hosts === '' ? text : text.replace(hosts, () => first));
  if (url === null || !others.every((host) => URL.parse(`postgres://${host}`) !== null)) return false;
  return [url.username, url.password, hosts].every(isEncoded);
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether it names one server of Valkey or Redis, and nothing else: the client would take options from behind a `?`. */
export function isServerUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '') return false;
  if (url.search !== '' || url.hash !== '' || !/^\/?[0-9]{0,5}$/.test(url.pathname)) return false;
  return [url.username, url.password].every(isEncoded);
}
