import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';

export interface Bundle {
  readonly code: string;
  /** What it imports and does not hold; browsers have none of it. */
  readonly imports: readonly string[];
  readonly bytes: number;
  readonly gzip_bytes: number;
}

const ENTRIES: Readonly<Record<'sdk' | 'with http', string>> = {
  sdk: new URL('../../packages/sdk/src/index.ts', import.meta.url).pathname,
  'with http': new URL('./sdk-with-http.ts', import.meta.url).pathname,
};

/** The SDK as a page gets it: one script, minified, everything that it exports under one global name. */
export async function bundleSdk(name: string, entry: keyof typeof ENTRIES = 'sdk'): Promise<Bundle> {
  const build = await rolldown({
    ...{ input: ENTRIES[entry], platform: 'browser', logLevel: 'silent' },
    resolve: { conditionNames: ['atp-source', 'import'] },
  });
  const { output } = await build.generate({ format: 'iife', name, minify: true });
  await build.close();
  const [chunk, ...others] = output;
  if (others.length > 0) throw new Error('the bundle has more than one file');
  const { code, imports } = chunk;
  return { code, imports, bytes: Buffer.byteLength(code), gzip_bytes: gzipSync(code, { level: 9 }).length };
}
