export {
  type DataDirSecrets,
  openDataDir,
  readDataFile,
  readLocalAdminKey,
  replaceDataFile,
  writeLocalAdminKey,
} from './data-dir.ts';
export { aesGcmSealer, type DataSealer } from './sealer.ts';
