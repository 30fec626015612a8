import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Makes `cert.pem` and `key.pem` for 127.0.0.1, signed by itself, with the `openssl` command. */
export function makeCertificate(folder: string): { readonly cert: string; readonly key: string } {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'key.pem'];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const args = ['req', '-x509', ...key, ...names, '-days', '1', '-out', 'cert.pem'];
  execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  return { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
}
