/** Head of a request or an answer of HTTP/1.1. */
export interface HttpHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

const HEAD_BYTES_MAX = 65_536;
const END = '\r\n\r\n';

/** The head at the begin of these bytes and how long it is; undefined while it is not complete. */
export function httpHead(bytes: Buffer): (HttpHead & { readonly length: number }) | undefined {
  const at = bytes.subarray(0, HEAD_BYTES_MAX).indexOf(END);
  if (at < 0) {
    if (bytes.length >= HEAD_BYTES_MAX) throw new Error('the head of an HTTP message has no end');
    return undefined;
  }
  const [first = '', ...lines] = bytes.toString('latin1', 0, at).split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { status: Number(first.split(' ')[1] ?? 0), headers, length: at + END.length };
}
