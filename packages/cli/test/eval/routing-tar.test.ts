import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tarFiles } from '../../src/eval/routing/layouts/tar.ts';
import { CliError } from '../../src/exit.ts';
import { tarOf } from './routing-folders.ts';

const FILE = fc.record({
  name: fc.stringMatching(/^[a-z]{1,20}\/[a-z]{1,20}\.csv$/),
  text: fc.string({ maxLength: 1_500 }),
});

test('what was packed comes out', () => {
  fc.assert(
    fc.property(fc.uniqueArray(FILE, { maxLength: 5, selector: ({ name }) => name }), (files) => {
      const out = tarFiles('a.tar.gz', tarOf(files)).map(({ name, bytes }) => ({ name, text: bytes.toString('utf8') }));
      expect(out).toEqual(files.map(({ name, text }) => ({ name, text: Buffer.from(text).toString('utf8') })));
    }),
  );
});

test('whatever is changed or cut, it comes out within its folder or is refused as unusable', () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 20 });
  fc.assert(
    fc.property(fc.array(FILE, { maxLength: 3 }), changes, fc.nat(), (files, changed, cut) => {
      const whole = tarOf(files);
      for (const [place, byte] of changed) whole[place % whole.length] = byte;
      const tar = whole.subarray(0, cut % (whole.length + 1));
      try {
        for (const { name, bytes } of tarFiles('a.tar.gz', tar)) {
          expect(name).not.toMatch(/^\/|\\|(?:^|\/)\.\.(?:\/|$)/);
          expect(bytes.length).toBeLessThanOrEqual(tar.length);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(CliError);
      }
    }),
  );
});
