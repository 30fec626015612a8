/**
 * Headers of a target with those of one request, both flat lists of name and value in lower case. Under a name that both
 * have, the values become one list (RFC 9110 §5.3).
 */
export function joinHeaders(own: readonly string[], more: readonly string[] | undefined): readonly string[] {
  if (more === undefined || more.length === 0) return own;
  const out = [...own];
  for (let i = 0; i + 1 < more.length; i += 2) {
    const name = more[i] ?? '';
    const value = more[i + 1] ?? '';
    const at = out.findIndex((entry, k) => k % 2 === 0 && entry === name);
    if (at < 0) out.push(name, value);
    else out[at + 1] = `${out[at + 1] ?? ''},${value}`;
  }
  return out;
}
