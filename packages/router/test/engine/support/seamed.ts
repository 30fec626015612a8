import type { Stage } from '@atp-router/call';
import type { UpstreamTransport } from '@atp-router/adapters';
import type { GenEvent, GenRequest } from '@atp-router/dialects';
import type { ClientSink } from '../../../src/engine/client.ts';
import type { EngineParts } from '../../../src/engine/parts.ts';
import type { CallRequest } from '../../../src/engine/request.ts';
import type { SessionTools } from '../../../src/fanout/reconciler.ts';
import type { Seams } from './seams.ts';

/**
 * The parts of an engine behind seams. Left out are those without a remedy, which only do sums or look something up in
 * memory: giving back (`accounts.release`, `idempotency.release` and `complete`), and clocks and timers.
 */
export function seamedParts(seams: Seams, parts: EngineParts): EngineParts {
  const { accounts, estimator, health, idempotency, log, reconciler, shared } = parts;
  return {
    ...parts,
    log: seams.over('log', log, ['append', 'barrier']),
    accounts: seams.over('accounts', accounts, ['reserve', 'adjust', 'settle', 'affordable']),
    estimator: seams.over('estimator', estimator, ['inTokens', 'outTokens', 'guardedOutTokens', 'observe']),
    health: seams.over('health', health, ['allow', 'record']),
    idempotency: seams.over('idempotency', idempotency, ['claimOnce', 'seal']),
    ...(shared === undefined
      ? {}
      : { shared: seams.over('shared', shared, ['reserve', 'extend', 'settle', 'release']) }),
    reconciler: seams.over('reconciler', reconciler, ['open', 'lesson', 'checker', 'select'], (method, tools) =>
      method === 'open' ? seamedTools(seams, tools as SessionTools) : tools,
    ),
    stages: parts.stages.map((stage) => seamedStage(seams, stage)),
    countTokens: (texts) => {
      seams.cross('countTokens');
      return parts.countTokens(texts);
    },
    hash: (data) => {
      seams.cross('hash');
      return parts.hash(data);
    },
    decided: (seconds) => {
      seams.cross('decided');
      parts.decided(seconds);
    },
  };
}

/** How answers are read and compared. */
function seamedTools(seams: Seams, tools: SessionTools): SessionTools {
  const read: SessionTools['read'] = (...args) => {
    seams.cross('session.read');
    return tools.read(...args);
  };
  const strategy: SessionTools['strategy'] = (kind) => {
    seams.cross('session.strategy');
    return seams.over('strategy', tools.strategy(kind), ['decide', 'stream']);
  };
  return { ...tools, read, strategy };
}

function seamedStage(seams: Seams, stage: Stage<GenRequest, GenEvent>): Stage<GenRequest, GenEvent> {
  return seams.over('stage', stage, ['claims', 'open'], (method, opened) =>
    method === 'open'
      ? seams.over('stage', opened as ReturnType<typeof stage.open>, ['onRequest', 'openRun'], (inner, run) =>
          inner === 'openRun' ? seams.over('stage', run as object, ['onChunk', 'onEnd'] as never[]) : run,
        )
      : opened,
  );
}

/** A request whose codecs and client are behind seams. */
export function seamedRequest(seams: Seams, request: CallRequest): CallRequest {
  const { sink, prepare, promptTexts, bodyHash, facet } = request;
  const codec = (made: object): object =>
    seams.over('codec', made, ['whole', 'stream', 'error', 'ended'] as never[], (_method, read) =>
      seams.over('codec', read as object, ['push', 'end', 'finish', 'finishEarly', 'render'] as never[]),
    );
  return {
    ...request,
    sink: seams.over<ClientSink>('sink', sink, ['answer', 'begin', 'write', 'end', 'fail', 'onGone', 'onDrain']),
    prepare: (...args) => {
      seams.cross('prepare');
      return codec(prepare(...args)) as ReturnType<typeof prepare>;
    },
    ...(facet === undefined
      ? {}
      : {
          facet: seams.over('facet', facet, ['request', 'codec'], (method, made) =>
            method === 'codec' ? codec(made as object) : made,
          ),
        }),
    promptTexts: () => {
      seams.cross('promptTexts');
      return promptTexts();
    },
    bodyHash: () => {
      seams.cross('bodyHash');
      return bodyHash();
    },
  };
}

export function seamedTransport(seams: Seams, transport: UpstreamTransport): UpstreamTransport {
  return seams.over('transport', transport, ['send']);
}
