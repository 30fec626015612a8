/** Where `${NAME}` and `${file:path}` come from. Both return undefined when there is nothing; neither may throw. */
export interface ValueSources {
  env(name: string): string | undefined;
  /** Content of a small text file; a relative path is relative to the folder of the configuration file. */
  file(path: string): string | undefined;
}

export type Substitution =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'resolved'; readonly value: string; readonly secret: boolean }
  | { readonly kind: 'failed'; readonly faults: readonly SubstitutionFault[] };

export interface SubstitutionFault {
  readonly message: string;
  readonly expected: string;
}

// An opening `${` with everything up to its brace, or to the end when there is none. `$${` is an escaped `${`.
const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g;
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const FAULTS_MAX = 10;

/**
 * Replaces `${NAME}` by an environment variable and `${file:path}` by a file's content without its last line break;
 * `$${` stands for a literal `${`. What was inserted is not scanned again.
 */
export function substitute(text: string, sources: ValueSources): Substitution {
  if (!text.includes('${')) return { kind: 'unchanged' };
  const faults: SubstitutionFault[] = [];
  let secret = false;
  const value = text.replace(REFERENCE, (whole: string, inner: string | undefined, brace: string | undefined) => {
    if (inner === undefined) return '${';
    const found = brace === '}' ? resolve(inner, sources) : UNCLOSED;
    if (typeof found === 'string') {
      secret = true;
      return found;
    }
    if (faults.length < FAULTS_MAX) faults.push(found);
    return whole;
  });
  return faults.length > 0 ? { kind: 'failed', faults } : { kind: 'resolved', value, secret };
}

const UNCLOSED: SubstitutionFault = {
  message: '"${" has no closing "}"',
  expected: '${NAME}, ${file:path}, or $${ for a literal ${',
};

function resolve(inner: string, sources: ValueSources): string | SubstitutionFault {
  if (inner.startsWith('file:')) {
    const path = inner.slice('file:'.length);
    const content = path === '' ? undefined : sources.file(path);
    if (content !== undefined) return content.replace(/\r?\n$/, '');
    return { message: `cannot read the file of \${${inner}}`, expected: 'a readable text file of at most 64 KiB' };
  }
  if (!ENV_NAME.test(inner)) {
    return {
      message: `\${${inner}} is neither an environment variable nor a file`,
      expected: '${NAME}, ${file:path}, or $${ for a literal ${',
    };
  }
  const value = sources.env(inner);
  if (value !== undefined) return value;
  return { message: `environment variable ${inner} is not set`, expected: `${inner} in the environment of the router` };
}
