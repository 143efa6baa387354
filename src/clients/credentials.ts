import { createHash, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Caller, Scope } from '../context.ts';
import { SCOPES } from '../context.ts';
import type { Db } from '../db/database.ts';

/** Knows who sends a key. Nothing about a key but its SHA-256 is stored or compared. */
export interface Credentials {
  /** Null for a key that is unknown, expired or revoked. */
  readonly authenticate: (token: string) => Promise<Caller | null>;
  /** Forgets what was verified, so that a revocation holds at once on this replica. */
  readonly forget: () => void;
}

/** A revoked key is refused at once where it was revoked, and after this time on every other replica. */
const VERIFIED_FOR_MS = 10_000;
const KEY = /^ck_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

export function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** A caller, and until when its key is valid: null for ever. */
interface Verified {
  readonly caller: Caller;
  readonly expiresAt: Temporal.Instant | null;
}

/** A key's life is bounded by the service's clock, not by the Test-Clock of a request. */
export function createCredentials(db: Db, adminApiKey: string | null, clock: () => Temporal.Instant): Credentials {
  const admin = adminApiKey === null ? null : sha256(adminApiKey);
  const adminCaller: Caller = { clientId: 'admin', scopes: new Set(SCOPES), collectorId: null };
  const verified = new LRUCache<string, Verified>({ max: 10_000, ttl: VERIFIED_FOR_MS });
  let forgotten = 0;
  return {
    authenticate: async (token) => {
      const hash = sha256(token);
      if (admin !== null && timingSafeEqual(hash, admin)) return adminCaller;
      const cacheKey = hash.toString('base64');
      const before = forgotten;
      const known = verified.get(cacheKey);
      const found = known ?? (await verify(db, token, hash));
      if (found === null) return null;
      // What was read before a revocation must not be remembered after it.
      if (!known && before === forgotten) verified.set(cacheKey, found);
      const { caller, expiresAt } = found;
      return expiresAt !== null && Temporal.Instant.compare(expiresAt, clock()) <= 0 ? null : caller;
    },
    forget: () => {
      forgotten += 1;
      verified.clear();
    },
  };
}

async function verify(db: Db, token: string, hash: Buffer): Promise<Verified | null> {
  const keyId = KEY.exec(token)?.[1];
  if (keyId === undefined) return null;
  const row = await db
    .selectFrom('api_keys')
    .innerJoin('api_clients', 'api_clients.client_id', 'api_keys.client_id')
    .select([
      'api_keys.secret_sha256',
      'api_keys.expires_at',
      'api_clients.client_id',
      'api_clients.scopes',
      'api_clients.collector_id',
    ])
    .where('api_keys.key_id', '=', keyId)
    .where('api_keys.revoked_at', 'is', null)
    .where('api_clients.revoked_at', 'is', null)
    .executeTakeFirst();
  if (!row || !timingSafeEqual(row.secret_sha256, hash)) return null;
  const caller = { clientId: row.client_id, scopes: new Set(row.scopes as Scope[]), collectorId: row.collector_id };
  return { caller, expiresAt: row.expires_at };
}
