import { parentPort, workerData } from 'node:worker_threads';
import { createDb, createPool } from '../db/database.ts';
import { createVault, type EncryptionKey } from '../personal-data.ts';
import { refreshPolicy } from '../policies/store.ts';
import { createHolder } from '../policy/holder.ts';
import { loadPacks } from '../policy/load.ts';
import { createRegistry } from '../policy/registry.ts';
import { runImport } from './run.ts';

/** The thread that works on imports: see thread-work.ts, which starts it. */

export interface ThreadSettings {
  readonly url: string;
  readonly statementTimeoutMs: number;
  readonly encryptionKeys: readonly EncryptionKey[];
  readonly blindIndexKey: Buffer;
}

export type ThreadRequest = { readonly kind: 'work'; readonly importId: string } | { readonly kind: 'stop' };

export interface ThreadAnswer {
  /** Why the work broke off; null when it came to its end, or to that of the process. */
  readonly failure: string | null;
}

/** One applies, one reads ahead, one renews the lease. */
const CONNECTIONS = 3;

const { url, statementTimeoutMs, encryptionKeys, blindIndexKey } = workerData as ThreadSettings;
const pool = createPool({ url, maxConnections: CONNECTIONS, statementTimeoutMs }, { warn: () => undefined });
const db = createDb(pool);
// What passed between threads is bytes, and no longer a Buffer.
const keys = encryptionKeys.map(({ keyId, key }) => ({ keyId, key: Buffer.from(key) }));
const vault = createVault(keys, Buffer.from(blindIndexKey));
const policy = createHolder(createRegistry(loadPacks()));
const clock = () => Temporal.Now.instant();

let stopping = new AbortController();

async function work(importId: string): Promise<ThreadAnswer> {
  try {
    await refreshPolicy({ db, policy });
    await runImport({ db, vault, policy, clock }, importId, stopping.signal);
    return { failure: null };
  } catch (error) {
    return { failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

parentPort!.on('message', async (request: ThreadRequest) => {
  if (request.kind === 'stop') {
    stopping.abort();
    return;
  }
  stopping = new AbortController();
  parentPort!.postMessage(await work(request.importId));
});
