import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, parseKeys } from './config.ts';

type Keys = { readonly [Name in 'adminApiKey' | 'encryptionKeys' | 'blindIndexKey']: NonNullable<Config[Name]> };

/**
 * The keys of the embedded default: made once, kept in the folder `dataDir` in a file that only its owner reads. Without that
 * file the personal data in the database beside it cannot be read again.
 */
export function ensureDevelopmentKeys(dataDir: string): Keys {
  const path = join(dataDir, 'development-keys.json');
  if (!existsSync(path)) {
    const made = {
      ENCRYPTION_KEYS: `dev1:${randomBytes(32).toString('base64')}`,
      BLIND_INDEX_KEY: randomBytes(32).toString('base64'),
      ADMIN_API_KEY: `ck_admin_${randomBytes(24).toString('hex')}`,
    };
    writeFileSync(`${path}.new`, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
  const kept = JSON.parse(readFileSync(path, 'utf8')) as {
    ENCRYPTION_KEYS: string;
    BLIND_INDEX_KEY: string;
    ADMIN_API_KEY: string;
  };
  return {
    adminApiKey: kept.ADMIN_API_KEY,
    encryptionKeys: parseKeys(kept.ENCRYPTION_KEYS, []) ?? [],
    blindIndexKey: Buffer.from(kept.BLIND_INDEX_KEY, 'base64'),
  };
}
