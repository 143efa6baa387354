import type { FastifyBaseLogger } from 'fastify';
import type { Pool } from 'pg';
import type { Credentials } from './clients/credentials.ts';
import type { Decider } from './contact/service.ts';
import type { Db } from './db/database.ts';
import { AppError } from './errors.ts';
import type { Metrics } from './http/metrics.ts';
import type { Vault } from './personal-data.ts';
import type { PolicyRegistry } from './policy/registry.ts';

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
  readonly policy: PolicyRegistry;
  readonly vault: Vault;
  readonly credentials: Credentials;
  readonly metrics: Metrics;
  readonly decider: Decider;
  readonly clock: () => Temporal.Instant;
}

export interface Caller {
  readonly clientId: string;
  readonly scopes: ReadonlySet<Scope>;
  /** Set for a vendor's client: it may speak only as this collector. */
  readonly collectorId: string | null;
}

/** One request: who asks, at which one instant, in which language. */
export interface Ctx extends Services {
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
