import type { FastifyBaseLogger } from 'fastify';
import type { Pool } from 'pg';
import type { Credentials } from './clients/credentials.ts';
import type { Decider } from './contact/service.ts';
import type { Db } from './db/database.ts';
import type { DialerDirectory } from './dialers/directory.ts';
import { AppError } from './errors.ts';
import type { Metrics } from './http/metrics.ts';
import type { Vault } from './personal-data.ts';
import type { PolicyHolder } from './policy/holder.ts';
import type { PolicyRegistry } from './policy/registry.ts';
import type { PermissionTokens } from './tokens/service.ts';
import type { TargetPolicy } from './webhooks/target.ts';

export const SCOPES = [
  'contact:check',
  'contact:report',
  'customers:read',
  'customers:write',
  'accounts:read',
  'accounts:write',
  'personal-data:read',
  'imports:write',
  'segments:read',
  'segments:run',
  'repayment:read',
  'repayment:agree',
  'policy:read',
  'policy:write',
  'policy:publish',
  'admin',
] as const;
export type Scope = (typeof SCOPES)[number];

export const LANGUAGES = ['zh-CN', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

/** What one process shares between requests: made once by the composition root. */
export interface Services {
  readonly db: Db;
  /** The same pool underneath, for the hot statements that need named prepared statements. */
  readonly pool: Pool;
  readonly policy: PolicyHolder;
  readonly vault: Vault;
  readonly credentials: Credentials;
  readonly metrics: Metrics;
  readonly decider: Decider;
  readonly dialers: DialerDirectory;
  readonly tokens: PermissionTokens;
  readonly webhookTargets: TargetPolicy;
  readonly clock: () => Temporal.Instant;
}

export interface Caller {
  readonly clientId: string;
  readonly scopes: ReadonlySet<Scope>;
  /** Set for a vendor's client: it may speak only as this collector. */
  readonly collectorId: string | null;
  /** Set by a URL token: it speaks for this dialer alone. */
  readonly dialerId?: string;
}

/** One request: who asks, at which one instant, in which language. */
export interface Ctx extends Omit<Services, 'policy'> {
  /** The policy snapshot of the request: one for all it does. */
  readonly policy: PolicyRegistry;
  /** What gives the snapshots: for the life of policy itself. */
  readonly policyHolder: PolicyHolder;
  readonly caller: Caller;
  readonly now: Temporal.Instant;
  readonly language: Language;
  readonly requestId: string;
  readonly log: FastifyBaseLogger;
}

/** First line of every service function: refuses a caller without the scope (`admin` does not imply the others). */
export function requireScope(ctx: Ctx, scope: Scope): void {
  if (!ctx.caller.scopes.has(scope)) {
    throw new AppError('FORBIDDEN', `This key lacks the scope ${scope}.`);
  }
}
