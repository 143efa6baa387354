import { timingSafeEqual } from 'node:crypto';
import type { BlockList } from 'node:net';
import { LRUCache } from 'lru-cache';
import { sha256 } from '../clients/credentials.ts';
import type { Caller, Scope } from '../context.ts';
import type { Db } from '../db/database.ts';
import { networkList } from '../networks.ts';
import { loadPlatforms } from './platforms.ts';
import { type DialerRow, dialersOfClient, findUrlToken } from './repository.ts';
import {
  type DialerConfig,
  dialerConfigSchema,
  type Platform,
  type PlatformDefaults,
  type TokenRoute,
} from './schemas.ts';

/** A dialer ready to translate for: what was put, laid over what its platform brings along. */
export interface DialerSetup extends Omit<DialerConfig, 'defaultOutcome'> {
  /** Null: none is configured, the platform's defaults hold. */
  readonly dialerId: string | null;
  readonly platform: Platform;
  readonly defaultOutcome: PlatformDefaults['defaultOutcome'];
  readonly stages: PlatformDefaults['stages'];
  /** From where it may call; null: from anywhere. */
  readonly networks: BlockList | null;
}

/** Knows the dialers on the path of a call: read from memory, at most ten seconds old. */
export interface DialerDirectory {
  readonly platforms: ReadonlyMap<Platform, PlatformDefaults>;
  readonly ofClient: (clientId: string) => Promise<readonly DialerSetup[]>;
  /** The dialer of a client that has configured none. */
  readonly unconfigured: (platform: Platform) => DialerSetup;
  /** Who sends a URL token on this route; null for one that is unknown, ended, or for another route. */
  readonly authenticate: (token: string, route: TokenRoute) => Promise<Caller | null>;
  /** Forgets what was read, so that a change holds at once on this replica. */
  readonly forget: () => void;
}

const KNOWN_FOR_MS = 10_000;
const TOKEN = /^ut_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

/** The one scope that a token of a route carries. */
export const SCOPE_OF_ROUTE: Readonly<Record<TokenRoute, Scope>> = {
  'pre-dial': 'contact:check',
  'call-reports': 'contact:report',
  events: 'contact:report',
};

interface VerifiedToken {
  readonly caller: Caller;
  readonly route: string;
  readonly expiresAt: Temporal.Instant | null;
}

export function createDialerDirectory(db: Db, clock: () => Temporal.Instant): DialerDirectory {
  const platforms = loadPlatforms();
  const setups = new LRUCache<string, readonly DialerSetup[]>({ max: 1000, ttl: KNOWN_FOR_MS });
  const tokens = new LRUCache<string, VerifiedToken>({ max: 1000, ttl: KNOWN_FOR_MS });
  let forgotten = 0;
  return {
    platforms,
    ofClient: async (clientId) => {
      const before = forgotten;
      const known = setups.get(clientId);
      if (known) return known;
      const found = (await dialersOfClient(db, clientId)).map((row) => setupOf(platforms, row));
      if (before === forgotten) setups.set(clientId, found);
      return found;
    },
    unconfigured: (platform) => overlay(platforms, platform, null, dialerConfigSchema.parse({})),
    authenticate: async (token, route) => {
      const hash = sha256(token);
      const cacheKey = hash.toString('base64');
      const before = forgotten;
      const known = tokens.get(cacheKey);
      const found = known ?? (await verifyToken(db, token, hash));
      if (found === null) return null;
      if (!known && before === forgotten) tokens.set(cacheKey, found);
      const ended = found.expiresAt !== null && Temporal.Instant.compare(found.expiresAt, clock()) <= 0;
      return ended || found.route !== route ? null : found.caller;
    },
    forget: () => {
      forgotten += 1;
      setups.clear();
      tokens.clear();
    },
  };
}

function setupOf(platforms: DialerDirectory['platforms'], row: DialerRow): DialerSetup {
  return overlay(platforms, row.platform as Platform, row.dialer_id, dialerConfigSchema.parse(row.config));
}

function overlay(
  platforms: DialerDirectory['platforms'],
  platform: Platform,
  dialerId: string | null,
  config: DialerConfig,
): DialerSetup {
  const defaults = platforms.get(platform)!;
  return {
    ...config,
    dialerId,
    platform,
    stages: defaults.stages,
    fields: { ...defaults.fields, ...config.fields },
    outcomes: { ...defaults.outcomes, ...config.outcomes },
    defaultOutcome: config.defaultOutcome ?? defaults.defaultOutcome,
    networks: config.allowedNetworks.length === 0 ? null : networkList(config.allowedNetworks),
  };
}

async function verifyToken(db: Db, token: string, hash: Buffer): Promise<VerifiedToken | null> {
  const tokenId = TOKEN.exec(token)?.[1];
  const row = tokenId === undefined ? undefined : await findUrlToken(db, tokenId);
  if (!row || !timingSafeEqual(row.secret_sha256, hash)) return null;
  const scope = SCOPE_OF_ROUTE[row.route as TokenRoute];
  // A client that has lost the scope has lost it for its tokens too.
  const scopes = new Set(row.scopes.includes(scope) ? [scope] : []);
  const caller = { clientId: row.client_id, scopes, collectorId: row.collector_id, dialerId: row.dialer_id };
  return { caller, route: row.route, expiresAt: row.expires_at };
}
