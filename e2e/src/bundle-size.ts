import { bundleSdk } from './bundle.ts';

// `npm run bundle-size -w e2e`: what the SDK costs a page.

for (const [what, entry] of [
  ['SDK for browsers', 'sdk'],
  ['with plain HTTP', 'with http'],
] as const) {
  const { bytes, gzip_bytes } = await bundleSdk('atp', entry);
  process.stdout.write(`${what}, minified: ${bytes} bytes; with gzip: ${gzip_bytes} bytes\n`);
}
