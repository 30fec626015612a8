import { readFileSync } from 'node:fs';

/** Version of this package; all packages of the router are released under one. */
export function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return (manifest as { readonly version: string }).version;
}
