import { randomInt, type Rng, seededRng } from '@atp-router/kernel';
import { GUARD_CHARS_MAX, guard, type GuardKind, type Guarded } from '@atp-router/routing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

function guarded(text: string): Guarded {
  const found = guard(text);
  if (found === undefined) throw new Error('nothing may be kept of it');
  return found;
}

function digits(rng: Rng, count: number): string {
  return Array.from({ length: count }, () => String(randomInt(rng, 0, 9))).join('');
}

function luhnDigit(body: string): string {
  const sum = [...body].reverse().reduce((total, char, i) => {
    const doubled = Number(char) * 2;
    return total + (i % 2 === 1 ? Number(char) : doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return String((10 - (sum % 10)) % 10);
}

function card(rng: Rng): string {
  const body = `${randomInt(rng, 3, 6)}${digits(rng, 14)}`;
  const whole = `${body}${luhnDigit(body)}`;
  const between = ['', ' ', '-'][randomInt(rng, 0, 2)] ?? '';
  return (whole.match(/.{4}/g) ?? []).join(between);
}

function iban(rng: Rng): string {
  const country = ['DE', 'FR', 'GB', 'NL'][randomInt(rng, 0, 3)] ?? 'DE';
  const body = digits(rng, 18);
  const numbers = [...`${body}${country}00`].map((char) => Number.parseInt(char, 36)).join('');
  const check = String(98n - (BigInt(numbers) % 97n)).padStart(2, '0');
  const whole = `${country}${check}${body}`;
  return rng.next() < 0.5 ? whole : (whole.match(/.{1,4}/g) ?? []).join(' ');
}

const MAKERS: Readonly<Record<GuardKind, (rng: Rng) => string>> = {
  email: (rng) => `mia.${digits(rng, 6)}+x@mail-${digits(rng, 3)}.example.org`,
  card,
  iban,
  ssn: (rng) => `${randomInt(rng, 100, 665)}-${randomInt(rng, 10, 99)}-${randomInt(rng, 1_000, 9_999)}`,
  ip: (rng) =>
    rng.next() < 0.5
      ? `${randomInt(rng, 1, 255)}.${randomInt(rng, 0, 255)}.${randomInt(rng, 0, 255)}.${randomInt(rng, 0, 255)}`
      : `2001:db8:${randomInt(rng, 1, 9_999)}::${randomInt(rng, 1, 9_999)}`,
  phone: (rng) =>
    [
      `+49 30 ${digits(rng, 8)}`,
      `+1 (415) 555-${digits(rng, 4)}`,
      `0049-171-${digits(rng, 7)}`,
      `(212) 555-${digits(rng, 4)}`,
      `030 / ${randomInt(rng, 1_000_000, 9_999_999)}`,
      `06 ${randomInt(rng, 10, 99)} 34 56 ${randomInt(rng, 10, 99)}`,
    ][randomInt(rng, 0, 5)] ?? '',
  secret: (rng) =>
    [
      `ghp_${digits(rng, 36)}`,
      `AKIA${digits(rng, 16)}`,
      `password = "Hq7z-vKbw${digits(rng, 4)}"`,
      `-----BEGIN RSA PRIVATE KEY-----\n${digits(rng, 64)}\n-----END RSA PRIVATE KEY-----`,
    ][randomInt(rng, 0, 3)] ?? '',
};

const WORDS = [
  'the',
  'meeting',
  'of',
  'Tuesday',
  'costs',
  '12.50',
  'and',
  'version',
  '3.2.1',
  'ends',
  'at',
  '10:30:00',
];

describe('the guard', () => {
  test('takes each kind out of words, and nothing else', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), (seed) => {
        const rng = seededRng(seed);
        for (const [kind, make] of Object.entries(MAKERS)) {
          const planted = make(rng);
          const word = (): string => WORDS[randomInt(rng, 0, WORDS.length - 1)] ?? '';
          const [before, after] = [`${word()} ${word()}: `, `, ${word()} ${word()}`];
          const { text, removed } = guarded(`${before}${planted}${after}`);
          const left = kind === 'secret' && planted.startsWith('password') ? 'password = "[secret]"' : `[${kind}]`;
          expect([text, removed]).toEqual([`${before}${left}${after}`, { [kind]: 1 }]);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('leaves alone what is none of it', () => {
    for (const text of [
      'call std::vector<int> a::b at 12:30:45 on 01/02/2026, 2026-11-30 or 30.11.2026 12:15',
      'numbers 1234567890123456 and 4111 1111 1111 1112, DE88370400440532013000',
      'pi is 3.14159265358979, 1,000,000 of 0.0001234567 and 000-12-3456',
      'me at home, x@localhost, @name, a+b',
      `sha256:${'0123456789abcdef'.repeat(4)}`,
    ]) {
      expect(guarded(text)).toEqual({ text, removed: {}, cut: false });
    }
  });

  test('finds what stands beside other numbers, and in an IPv6 address an IPv4 one', () => {
    expect(guarded('2026 4111 1111 1111 1111 12').text).toBe('2026 [card] 12');
    expect(guarded('DE89 3704 0044 0532 0130 00 AND MORE').text).toBe('[iban] AND MORE');
    expect(guarded('from ::ffff:192.0.2.1: no').text).toBe('from [ip]: no');
    expect(guarded('https://mia:s3cr3t-word@db.example.net/x').removed).toMatchObject({ secret: 1 });
  });

  test('takes nothing out of its own output, whatever it was given', () => {
    const piece = fc.constantFrom(
      ...['@', '.', ':', '::', ' ', '-', '+49', '0', '4111', '1111', 'DE89', 'a', 'token=', '[', ']', '[email]', 'eyJ'],
      ...['"', '/', '(', ')', '00', '1', '255', 'ghp_', 'é', '😀', '\n', 'BEGIN', '-----', 'password: ', '9f3Kq2'],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 80 }), (pieces) => {
        const first = guard(pieces.join(''));
        if (first === undefined) return;
        expect(guard(first.text)).toEqual({ text: first.text, removed: {}, cut: false });
      }),
      { numRuns: 1_000 },
    );
  });

  test('cuts what is too long, says so, and leaves nothing half at the cut', () => {
    const { text, cut, removed } = guarded('reach me at mia@example.org '.repeat(4_000));
    expect(cut).toBe(true);
    expect(text.length).toBeLessThanOrEqual(GUARD_CHARS_MAX);
    expect(text.includes('@')).toBe(false);
    expect(removed.email).toBeGreaterThan(1_000);
    expect(guard(text)).toEqual({ text, removed: {}, cut: false });
  });

  test('looks at a bounded part of hostile text', () => {
    for (const piece of [
      'eyJ',
      'a@',
      '1 ',
      '1-',
      'x:',
      '::',
      'DE89',
      '"',
      '-----BEGIN PRIVATE KEY-----',
      'token=',
      '+1',
    ]) {
      const found = guard(piece.repeat(200_000));
      if (found !== undefined) expect(found.text.length).toBeLessThanOrEqual(GUARD_CHARS_MAX);
    }
  });
});
