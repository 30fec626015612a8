import { describe, expect, it } from 'vitest';
import { lane, Pair } from './support/pair.ts';

describe('two sessions over a perfect connection', () => {
  it('open, carry messages both ways, acknowledge them, and end', () => {
    const pair = new Pair({ consume_ms: 1 }).connect().run(50);
    expect(pair.of('client', 'established')).toHaveLength(1);
    expect(pair.of('server', 'established')).toHaveLength(1);
    pair.send('client', lane('1'), 'a');
    pair.send('client', lane('1'), 'b');
    pair.send('client', lane('1', 'p', 'c'), 'beside');
    pair.send('client', lane('1'), 'c', true);
    pair.run(100);
    pair.send('server', lane('1'), 'x', true);
    pair.run(1_000);
    expect(pair.delivered('server', lane('1'))).toEqual(['a', 'b', 'c']);
    expect(pair.delivered('server', lane('1', 'p', 'c'))).toEqual(['beside']);
    expect(pair.delivered('client')).toEqual(['x']);
    expect(pair.of('client', 'acknowledged')).toHaveLength(4);
    expect(pair.of('client', 'stream_closed')).toEqual([{ type: 'stream_closed', stream_id: '1' }]);
    expect(pair.of('server', 'stream_closed')).toEqual([{ type: 'stream_closed', stream_id: '1' }]);
    pair.input('client', { type: 'finish' });
    pair.run(10_000);
    expect(pair.of('client', 'closed')).toEqual([{ type: 'closed' }]);
    expect(pair.of('server', 'closed')).toEqual([{ type: 'closed' }]);
  });
});
