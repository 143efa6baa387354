import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, parseKeys, parseSigningKeys } from './config.ts';

type Keys = {
  readonly [Name in 'adminApiKey' | 'encryptionKeys' | 'blindIndexKey' | 'tokenSigningKeys']: NonNullable<Config[Name]>;
};

interface KeptKeys {
  readonly ENCRYPTION_KEYS: string;
  readonly BLIND_INDEX_KEY: string;
  readonly ADMIN_API_KEY: string;
  readonly TOKEN_SIGNING_KEYS: string;
}

/**
 * The keys of the embedded default: made once, kept in the folder `dataDir` in a file that only its owner reads. Without that
 * file the personal data in the database beside it cannot be read again. A key that an earlier release did not have is added.
 */
export function ensureDevelopmentKeys(dataDir: string): Keys {
  const path = join(dataDir, 'development-keys.json');
  const found: Partial<KeptKeys> = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  const kept: KeptKeys = { ...newKeys(), ...found };
  if (Object.keys(found).length < Object.keys(kept).length) {
    writeFileSync(`${path}.new`, `${JSON.stringify(kept, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
  return {
    adminApiKey: kept.ADMIN_API_KEY,
    encryptionKeys: parseKeys(kept.ENCRYPTION_KEYS, []) ?? [],
    blindIndexKey: Buffer.from(kept.BLIND_INDEX_KEY, 'base64'),
    tokenSigningKeys: parseSigningKeys(kept.TOKEN_SIGNING_KEYS, []) ?? [],
  };
}

function newKeys(): KeptKeys {
  const signing = generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' });
  return {
    ENCRYPTION_KEYS: `dev1:${randomBytes(32).toString('base64')}`,
    BLIND_INDEX_KEY: randomBytes(32).toString('base64'),
    ADMIN_API_KEY: `ck_admin_${randomBytes(24).toString('hex')}`,
    TOKEN_SIGNING_KEYS: `dev1:${signing.toString('base64')}`,
  };
}
