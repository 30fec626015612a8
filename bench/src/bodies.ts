import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BodyKind } from './scenarios.ts';

export const MODEL = 'small';

/** About 1 KB of request, as a short conversation sends it. */
export function requestBody(kind: BodyKind): string {
  const plain = {
    model: MODEL,
    messages: [
      { role: 'system', content: 'You are a careful assistant. '.repeat(10) },
      {
        role: 'user',
        content: `Summarise these notes in three sentences. ${'The router keeps a journal of every call and settles its cost. '.repeat(8)}`,
      },
    ],
    temperature: 0.2,
    max_tokens: 256,
    user: 'bench',
  };
  return JSON.stringify(kind === 'plain' ? plain : { ...plain, stream: true, stream_options: { include_usage: true } });
}

/** Text that every right answer to a plain request contains. */
export const ANSWER_MARK = '"choices"';

export function writeBodies(folder: string): Readonly<Record<BodyKind, string>> {
  const paths = { plain: join(folder, 'plain.json'), stream: join(folder, 'stream.json') };
  writeFileSync(paths.plain, requestBody('plain'));
  writeFileSync(paths.stream, requestBody('stream'));
  return paths;
}
