import { bundleSdk } from './bundle.ts';

// `npm run bundle-size -w e2e`: what the SDK costs a page.

const { bytes, gzip_bytes } = await bundleSdk('atp');
process.stdout.write(`SDK for browsers, minified: ${bytes} bytes; with gzip: ${gzip_bytes} bytes\n`);
