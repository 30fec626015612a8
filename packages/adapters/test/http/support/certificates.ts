import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate with its key, as PEM text. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  /** Signs `server` and `client`. */
  readonly ca: Identity;
  /** For 127.0.0.1 and localhost. */
  readonly server: Identity;
  readonly client: Identity;
  /** Signed by nobody that anyone knows. */
  readonly stranger: Identity;
}

/** Makes certificates for one test file with the `openssl` command, which has to be installed. */
export function makeCertificates(): Certificates {
  const dir = mkdtempSync(join(tmpdir(), 'atp-tls-'));
  try {
    const ca = selfSigned(dir, 'ca', ['-addext', 'basicConstraints=critical,CA:TRUE']);
    const names = 'subjectAltName=IP:127.0.0.1,DNS:localhost';
    return {
      ca,
      server: signed(dir, 'server', names),
      client: signed(dir, 'client', 'extendedKeyUsage=clientAuth'),
      stranger: selfSigned(dir, 'stranger', ['-addext', names]),
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const NEW_KEY: readonly string[] = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

function selfSigned(dir: string, name: string, more: readonly string[]): Identity {
  openssl(dir, 'req', '-x509', ...NEW_KEY, '-days', '1', '-subj', `/CN=${name}`, ...outputs(name, 'crt'), ...more);
  return identity(dir, name);
}

function signed(dir: string, name: string, extension: string): Identity {
  openssl(dir, 'req', '-new', ...NEW_KEY, '-subj', `/CN=${name}`, ...outputs(name, 'csr'));
  writeFileSync(join(dir, `${name}.ext`), extension);
  const ca = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'];
  openssl(
    dir,
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    ...ca,
    '-days',
    '1',
    '-extfile',
    `${name}.ext`,
    '-out',
    `${name}.crt`,
  );
  return identity(dir, name);
}

function outputs(name: string, kind: 'crt' | 'csr'): string[] {
  return ['-keyout', `${name}.key`, '-out', `${name}.${kind}`];
}

function identity(dir: string, name: string): Identity {
  return { cert: readFileSync(join(dir, `${name}.crt`), 'utf8'), key: readFileSync(join(dir, `${name}.key`), 'utf8') };
}

function openssl(dir: string, ...args: string[]): void {
  try {
    execFileSync('openssl', args, { cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (cause) {
    throw new Error('These tests make their certificates with the `openssl` command (3.x): install it.', { cause });
  }
}
