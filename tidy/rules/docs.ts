import { dirname, join } from 'node:path/posix';
import type { Finding, Rule, Tree } from '../tree.ts';

const SECTIONS: readonly string[] = ['Status', 'Context', 'Decision', 'Consequences'];
const INDEX = 'docs/adr/README.md';
const isRecord = (path: string): boolean =>
  /^docs\/adr\/[^/]+\.md$/.test(path) && path !== INDEX && !path.endsWith('/template.md');

function judgeRecord(tree: Tree, path: string, twins: readonly string[], index: string): Finding[] {
  const name = path.slice('docs/adr/'.length);
  const number = /^\d{4}(?=-[a-z0-9-]+\.md$)/.exec(name)?.[0];
  const title = tree.text(path).split('\n')[0] ?? '';
  const missing = SECTIONS.filter((section) => !new RegExp(`^## ${section}$`, 'm').test(tree.text(path)));
  return [
    ...(number === undefined ? ['the name is not NNNN-words-in-lower-case.md'] : []),
    ...(twins.length > 1 ? [`the number is used by ${twins.join(' and ')}`] : []),
    ...(title.startsWith('# ') ? [] : ['the first line is not a title']),
    ...missing.map((section) => `no section "## ${section}"`),
    ...(index.includes(`(${name})`) ? [] : [`not listed in ${INDEX}`]),
  ].map((message) => ({ path, line: 0, message }));
}

const record = `# Pure core\n\n${SECTIONS.map((section) => `## ${section}\n\nText.\n`).join('\n')}`;
const listed = '- [Pure core](0001-pure-core.md)\n';

export const decisionRecords: Rule = {
  name: 'decision-records',
  why: 'A decision that cannot be found, or does not say what it costs, is made again.',
  check: (tree) => {
    const records = tree.files.filter(isRecord);
    const index = tree.files.includes(INDEX) ? tree.text(INDEX) : '';
    const number = (path: string): string => path.slice('docs/adr/'.length, 'docs/adr/'.length + 4);
    return records.flatMap((path) => {
      const twins = records.filter((other) => number(other) === number(path));
      return judgeRecord(tree, path, twins, index);
    });
  },
  planted: [
    { at: 'docs/adr/pure-core.md', files: { 'docs/adr/pure-core.md': record, [INDEX]: '(pure-core.md)' } },
    { at: 'docs/adr/0001-pure-core.md', files: { 'docs/adr/0001-pure-core.md': record, [INDEX]: 'none' } },
    { at: 'docs/adr/0001-pure-core.md', files: { 'docs/adr/0001-pure-core.md': record.slice(2), [INDEX]: listed } },
    ...SECTIONS.map((section) => ({
      at: 'docs/adr/0001-pure-core.md',
      files: { 'docs/adr/0001-pure-core.md': record.replace(`## ${section}`, section), [INDEX]: listed },
    })),
    {
      at: 'docs/adr/0001-other.md',
      files: {
        'docs/adr/0001-pure-core.md': record,
        'docs/adr/0001-other.md': record,
        [INDEX]: `${listed}- [Other](0001-other.md)\n`,
      },
    },
  ],
  clean: { 'docs/adr/0001-pure-core.md': record, 'docs/adr/template.md': 'free', [INDEX]: listed },
};

/** The anchor a Markdown renderer gives to a heading, by the rule GitHub uses. */
const slug = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');

const prose = (text: string): string[] => {
  let fenced = false;
  return text.split('\n').map((line) => {
    if (/^\s*(```|~~~)/.test(line)) fenced = !fenced;
    return fenced ? '' : line;
  });
};

const anchorsOf = (text: string): Set<string> =>
  new Set(prose(text).flatMap((line) => (/^#+ /.test(line) ? [slug(line.replace(/^#+ /, ''))] : [])));

function brokenTarget(tree: Tree, path: string, link: string): string | undefined {
  const [file = '', anchor] = link.split('#');
  const target = file === '' ? path : join(dirname(path), decodeURIComponent(file)).replace(/\/$/, '');
  const isFile = tree.files.includes(target);
  if (!isFile && target !== '.' && !tree.files.some((one) => one.startsWith(`${target}/`)))
    return `${link} leads nowhere`;
  if (anchor === undefined || !isFile || !target.endsWith('.md')) return undefined;
  return anchorsOf(tree.text(target)).has(anchor) ? undefined : `${link}: no such heading`;
}

export const markdownLinks: Rule = {
  name: 'markdown-links',
  why: 'A dead link sends the reader away for good.',
  check: (tree) =>
    tree.files
      .filter((path) => path.endsWith('.md') && !path.includes('/fixtures/'))
      .flatMap((path) =>
        prose(tree.text(path)).flatMap((line, index) =>
          [...line.replaceAll(/`[^`]*`/g, '').matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)|^\[[^\]]+\]:\s+(\S+)/g)]
            .map((match) => match[1] ?? match[2] ?? '')
            .filter((link) => !/^([a-z][a-z0-9+.-]*:|\/\/)/i.test(link))
            .flatMap((link) => brokenTarget(tree, path, link) ?? [])
            .map((message) => ({ path, line: index + 1, message })),
        ),
      ),
  planted: ['[a](b.md)', '[a](../gone/)', '![a](a.png)', '[a](#gone)', '[a](c.md#gone)', '[a]: gone.md'].map(
    (text) => ({
      at: 'docs/a.md',
      files: { 'docs/a.md': `# A\n\n${text}\n`, 'docs/c.md': '# C\n' },
    }),
  ),
  clean: {
    'docs/a.md':
      '# A & B\n[a](c.md) [b](c.md#two-words-here) [c](../src) [d](https://x.example/y) `[e](gone.md)` [f](#a--b)\n```\n[g](gone.md)\n```\n',
    'docs/c.md': '# C\n## Two words, here\n',
    'src/x.ts': '',
  },
};
