export { type DataDirSecrets, openDataDir, readLocalAdminKey, writeLocalAdminKey } from './data-dir.ts';
export { aesGcmSealer, type DataSealer } from './sealer.ts';
