import { writeFileSync } from 'node:fs';
import { renderMatrix } from './render.ts';

/** Writes the published matrix. */
writeFileSync(new URL('../../../docs/protocol/matrix.md', import.meta.url), renderMatrix());
