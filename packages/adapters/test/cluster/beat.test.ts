import { Meeting } from '@atp-router/flow/testing';
import { type Beat, DEFAULT_ELECTION } from '@atp-router/flow';
import { randomInt, seededRng } from '@atp-router/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findValkey, ValkeyServer } from '../../src/testing/valkey-server.ts';
import { type Cluster, valkeyCluster } from '../../src/cluster/index.ts';

let server: ValkeyServer;

const { settled_ms } = DEFAULT_ELECTION;

describe.skipIf(findValkey() === undefined)('where machines meet', { timeout: 60_000 }, () => {
  beforeAll(async () => {
    server = await ValkeyServer.start();
  });
  afterAll(async () => {
    await server.stop();
  });

  it.each([1, 2, 3, 4])('the script does what the model of it does (seed %i)', async (seed) => {
    const rng = seededRng(seed);
    const int = (min: number, max: number): number => randomInt(rng, min, max);
    const members = await Promise.all(['a#1', 'b#1', 'c#1'].map((self) => connected(self, seed)));
    const model = new Meeting();
    const first = await beat(members[0] as Member, { known: 5 }, []);
    const run = first.run;
    model.beat('a#1', idle(1, { known: 5 }), [], { run, now_ms: 0, settled_ms });
    let seen = first;
    for (let i = 0; i < 200; i += 1) {
      const member = members[int(0, 2)] as Member;
      if (int(0, 9) === 0) {
        const epoch = seen.epoch - int(0, 1);
        await member.cluster.leave(epoch);
        model.leave(member.self, epoch, run);
        continue;
      }
      const takes = { record: int(0, 3) === 0 ? 'another' : seen.record, free: int(0, 1) === 0 };
      const asked = {
        leads: int(0, 3) === 0 ? seen.epoch + int(-1, 1) : 0,
        ...(int(0, 1) === 0 ? { takes } : {}),
        ...{ known: int(0, 1) * (seen.epoch + int(0, 3)), run: int(0, 3) === 0 ? 'another' : run },
        run_seen_ms: int(0, 2) === 0 ? int(0, settled_ms) : 0,
      };
      const workers = [`${member.self}.w${int(1, 3)}`];
      const answer = await beat(member, asked, workers);
      // The wall clock is the server's; epochs that come from it are taken over.
      const now_ms = answer.epoch;
      const expected = model.beat(member.self, idle(member.n, asked), workers, { run, now_ms, settled_ms });
      expect(sorted(answer), `step ${i}`).toEqual(sorted({ ...expected, epoch: expected.epoch }));
      seen = answer;
    }
    await Promise.all(members.map(({ cluster }) => cluster.close()));
  });

  it('a member that is not known for long enough is told of no workers', async () => {
    const a = await connected('a#9', 100);
    const seen = await beat(a, {}, ['a.w1']);
    const takes = { record: seen.record, free: false };
    expect(await beat(a, { takes, run: seen.run, run_seen_ms: settled_ms - 1 }, ['a.w1'])).toMatchObject({
      ...{ leader: 'a#9', is_free: false, workers: undefined },
    });
    expect((await beat(a, { run: seen.run, run_seen_ms: settled_ms }, ['a.w1'])).workers).toEqual(['a.w1']);
    await a.cluster.close();
  });
});

interface Member {
  readonly self: string;
  readonly cluster: Cluster;
  n: number;
}

function idle(n: number, more: Partial<Beat>): Beat {
  return { n, leads: 0, takes: undefined, known: 0, run: '', run_seen_ms: 0, ...more };
}

function beat(member: Member, more: Partial<Beat>, workers: readonly string[]): ReturnType<Cluster['beat']> {
  member.n += 1;
  return member.cluster.beat(idle(member.n, more), workers);
}

function sorted<T extends { readonly workers: readonly string[] | undefined }>(answer: T): T {
  return { ...answer, workers: answer.workers?.toSorted() };
}

async function connected(self: string, group: number): Promise<Member> {
  const cluster = valkeyCluster({
    ...{ url: server.url(), prefix: `t${group}`, self, settled_ms },
    ...{ onMessages: () => undefined, onLost: () => undefined, onProblem: () => undefined },
  });
  while (!cluster.stats().is_up) await new Promise((resolve) => setImmediate(resolve));
  return { self, cluster, n: 0 };
}
