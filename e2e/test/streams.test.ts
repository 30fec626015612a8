import { expect, test } from 'vitest';
import { runStreams } from '../src/deep/streams.ts';

/** A sample of the long check, which opens 8000. */
const STREAMS = 400;

test('hundreds of streams are open at once, all of them end properly, each is settled once', async () => {
  const report = await runStreams(STREAMS, false);
  expect(report.problems).toEqual([]);
  expect(report.open_at_once).toBe(STREAMS);
});
