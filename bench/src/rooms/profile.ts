import { readFileSync } from 'node:fs';

/** What V8's sampling profiler writes (`node --cpu-prof`): a tree of calls, and which node was on top at each sample. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

export const IDLE = 'idle';
export const OTHER = 'Node and libraries, from no room';
/** What limits, queues and windows cost outside the pure core: the files of the engine that ask it and are told by it. */
export const FLOW_SHELL = 'router, what asks flow';

const SHELL =
  /\/packages\/router\/src\/engine\/(?:flow-gate|gate|claims?|claim-within|funds|holdings|ceilings|target-windows|tuned-windows|penalties|throttles|denials|shared-hold|calibrator|alarm)\.ts$/;
const ROOM = /\/packages\/([a-z-]+)\/src\//;

export function readProfile(path: string): CpuProfile {
  return JSON.parse(readFileSync(path, 'utf8')) as CpuProfile;
}

/**
 * Microseconds of the thread by room. A sample counts for the innermost frame that is of a room: what a library or Node does for
 * it counts with it, and what it calls of another room counts there. So a grant of the scheduler that sends a call is not flow's time.
 */
export function timeByRoom({ nodes, samples, timeDeltas }: CpuProfile): ReadonlyMap<string, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const rooms = new Map<number, string>();
  const visit = (id: number, above: string): void => {
    const node = byId.get(id);
    if (node === undefined) return;
    const room = roomOf(node.callFrame) ?? above;
    rooms.set(id, room);
    for (const child of node.children ?? []) visit(child, room);
  };
  const [root] = nodes;
  if (root !== undefined) visit(root.id, OTHER);
  const times = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const room = rooms.get(id) ?? OTHER;
    times.set(room, (times.get(room) ?? 0) + Math.max(0, timeDeltas[index] ?? 0));
  }
  return times;
}

function roomOf({ functionName, url }: CpuProfile['nodes'][number]['callFrame']): string | undefined {
  if (functionName === '(idle)' || functionName === '(program)') return IDLE;
  if (SHELL.test(url)) return FLOW_SHELL;
  return ROOM.exec(url)?.[1];
}
