import type { ChunkVerdict, Stage, StageRun } from '@atp-router/call';
import type { GenEvent, GenRequest } from '@atp-router/dialects';
import { AtpError } from '@atp-router/kernel';
import type { Draw } from '@atp-router/kernel/testing';

/** Sometimes one stage that looks on, or one that holds parts of answers back for a while, or refuses some answers. */
export function drawStages(draw: Draw): Stage<GenRequest, GenEvent>[] {
  const mode = draw.one('none', 'none', 'none', 'observe', 'hold', 'refuse');
  if (mode === 'none') return [];
  return [
    {
      id: mode,
      claims: () => ({ request: mode === 'hold', body: mode === 'observe' ? 'observe' : 'rewrite' }),
      open: () => ({ onRequest: () => ({ kind: 'pass' }), openRun: () => run(draw, mode === 'refuse' ? 0.2 : 0) }),
    },
  ];
}

function run(draw: Draw, refused_share: number): StageRun<GenEvent> {
  return {
    onChunk(event): ChunkVerdict<GenEvent> {
      if (event.type === 'start' && draw.chance(refused_share)) {
        return { kind: 'abort', error: new AtpError('policy_denied', 'A stage of this history does not like it.') };
      }
      return event.type === 'text' && draw.chance(0.4) ? { kind: 'hold' } : { kind: 'pass' };
    },
  };
}
