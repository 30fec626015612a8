import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { crew } from './crew.ts';

test.each(['routing', 'consensus'])(
  'the part %s of what was learned that cannot be read is no loss to the others',
  async (part) => {
    const one = await crew(() => 'The answer is A.', { plans: 'single' });
    const scores = async (of: typeof one): Promise<unknown> =>
      (await of.running.admin('GET', '/routing/scores')).json['data'];
    for (let n = 0; n < 5; n += 1) {
      const reply = await one.ask(`A or B? ${n}`);
      await one.give({ request_id: String(reply.headers['x-atp-request-id']), score: 1 });
    }
    const before = await scores(one);
    expect(before).not.toEqual([]);
    const again = await one.again(() => {
      const file = new DatabaseSync(join(one.data_dir, 'atp.sqlite'));
      const { changes } = file
        .prepare(`UPDATE learned_states SET record = json_set(record, ?, 'lost')`)
        .run(`$.${part}`);
      expect(changes).toBe(1);
      // Tables keep the newest events only: what is in a state may be nowhere else. Its own part is learned anew of those that are there.
      if (part !== 'routing') file.exec('DELETE FROM learnings');
      file.close();
    });
    expect(await scores(again)).toEqual(before);
  },
);
