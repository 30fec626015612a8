import { type Change, isBreaking, type Verdict } from './compare.ts';

/** How two editions go together. */
export type Compatibility =
  /** Nothing that a peer could notice. */
  | 'same'
  | 'compatible'
  /** Only the old edition refuses, or mistakes, what the new one sends. */
  | 'breaks_old_readers'
  /** Only the new edition refuses, or mistakes, what the old one sends. */
  | 'breaks_new_readers'
  | 'breaks_both';

export function compatibilityOf(changes: readonly Change[]): Compatibility {
  const old = changes.some(({ old_reader }) => !old_reader.compatible);
  const now = changes.some(({ new_reader }) => !new_reader.compatible);
  if (old && now) return 'breaks_both';
  if (old) return 'breaks_old_readers';
  if (now) return 'breaks_new_readers';
  return changes.length === 0 ? 'same' : 'compatible';
}

/** What each outcome means, in one sentence. */
export const COMPATIBILITY: Readonly<Record<Compatibility, string>> = {
  same: 'Peers notice no difference.',
  compatible: 'Both editions read each other.',
  breaks_old_readers: 'Breaking: the old edition does not read all that the new one sends.',
  breaks_new_readers: 'Breaking: the new edition does not read all that the old one sends.',
  breaks_both: 'Breaking in both directions.',
};

const ORDER: Readonly<Record<Compatibility, readonly string[]>> = {
  same: ['Upgrade in any order.'],
  compatible: [
    'Upgrade in any order.',
    'Send nothing that is new to peers that have to act on it before they are upgraded: they ignore it.',
  ],
  breaks_old_readers: [
    'Upgrade everything that reads, and let it still write as the old edition does.',
    'When no old reader is left, let senders use what is new.',
    'To go back: first stop sending what is new, then put back the readers.',
  ],
  breaks_new_readers: [
    'Upgrade everything that sends.',
    'When no old sender is left, upgrade what reads.',
    'To go back: first put back the readers, then the senders.',
  ],
  breaks_both: [
    'No order works for nodes that both send and read. Name a feature in `control.hello` and use what is new only where both ends have it, or raise the major.',
    'Keep the old edition readable until no peer speaks it any more.',
  ],
};

/** What has to be done to get from one edition to the other, as Markdown. `from` and `to` are what the two are called. */
export function upgradeChecklist(changes: readonly Change[], from: string, to: string): string {
  const compatibility = compatibilityOf(changes);
  const broken = changes.filter(isBreaking);
  const harmless = changes.filter((change) => !isBreaking(change));
  return [
    `# Upgrade checklist: ${plain(from)} to ${plain(to)}\n`,
    `${COMPATIBILITY[compatibility]} ${broken.length} breaking, ${harmless.length} compatible.\n`,
    '## Order\n',
    `${ORDER[compatibility].map((step, i) => `${i + 1}. [ ] ${step}`).join('\n')}\n`,
    section('Breaking changes', broken, (change) => [
      ...side('old reader, new sender', change.old_reader),
      ...side('new reader, old sender', change.new_reader),
    ]),
    section('Compatible changes', harmless, ({ old_reader, new_reader }) => [
      `  - old reader: ${old_reader.reason} (${old_reader.sentence})`,
      `  - new reader: ${new_reader.reason} (${new_reader.sentence})`,
    ]),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function section(title: string, changes: readonly Change[], below: (change: Change) => readonly string[]): string {
  if (changes.length === 0) return '';
  const items = changes.map((change) =>
    [`- [ ] \`${plain(change.path)}\`: ${plain(change.what)}`, ...below(change).map(plain)].join('\n'),
  );
  return `## ${title}\n\n${items.join('\n')}\n`;
}

function side(who: string, { compatible, reason, sentence }: Verdict): readonly string[] {
  return compatible ? [] : [`  - ${who}: ${reason} (${sentence})`];
}

/** Descriptions come from files: nothing in them may start a new line, or code. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029`]/gu, '\u{fffd}');
}
