import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TestApp } from './app.ts';

/** The service as it is deployed, with the database and keys of the test. */
export function startService(t: Pick<TestApp, 'database' | 'config'>): ChildProcess {
  return spawn(process.execPath, [fileURLToPath(new URL('../../src/main.ts', import.meta.url))], {
    stdio: 'ignore',
    env: {
      DATABASE_URL: t.database.url,
      ENCRYPTION_KEYS: t.config.encryptionKeys!.map(({ keyId, key }) => `${keyId}:${key.toString('base64')}`).join(),
      BLIND_INDEX_KEY: t.config.blindIndexKey!.toString('base64'),
      PORT: '0',
      DRAIN_SECONDS: '0',
    },
  });
}
