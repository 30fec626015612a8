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

/** The body behind a head, and how many bytes of the input both are; undefined while it is not complete. */
export function httpBody(
  bytes: Buffer,
  { headers, length }: ReturnType<typeof httpHead> & object,
): { readonly body: Buffer; readonly end: number } | undefined {
  if (headers['transfer-encoding']?.toLowerCase() === 'chunked') return chunkedBody(bytes, length);
  const end = length + Number(headers['content-length'] ?? 0);
  return bytes.length < end ? undefined : { body: bytes.subarray(length, end), end };
}

/** RFC 9112, 7.1; trailers are not expected. */
function chunkedBody(bytes: Buffer, from: number): { readonly body: Buffer; readonly end: number } | undefined {
  const chunks: Buffer[] = [];
  for (let at = from; ; ) {
    const line = bytes.indexOf('\r\n', at);
    if (line < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, line), 16);
    if (!(size >= 0)) throw new Error('a chunk without a size');
    const end = line + 2 + size + 2;
    if (bytes.length < end) return undefined;
    if (size === 0) return { body: Buffer.concat(chunks), end };
    chunks.push(bytes.subarray(line + 2, line + 2 + size));
    at = end;
  }
}
