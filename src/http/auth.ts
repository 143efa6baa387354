import { hash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { Caller } from '../context.ts';
import type { TokenRoute } from '../dialers/schemas.ts';
import { AppError } from '../errors.ts';
import { instantOfRequest } from './context.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route may be opened by a URL token, because its callers cannot send a header. */
    readonly tokenRoute?: TokenRoute;
  }
}

const PUBLIC_PATHS = ['/livez', '/readyz', '/metrics', '/openapi.json', '/docs', '/graphiql', '/.well-known'];

/** True for what needs no key: health, metrics, the reference pages and the public keys, none of which shows data. */
function isPublic(path: string): boolean {
  return PUBLIC_PATHS.some((open) => path === open || path.startsWith(`${open}/`));
}

/**
 * One hook on the root for both doors: credential to caller, and the one instant of the request. `Bearer <key>`,
 * `Basic <clientId:key>` for what knows no more, and `?token=` on the few routes whose callers can send no header.
 */
export function authenticate(app: FastifyInstance, failuresPerMinute: number | null): void {
  const failures = createFailureLimit(failuresPerMinute);
  app.decorateRequest('caller', null);
  app.decorateRequest('now', null);
  app.addHook('onRequest', async (request) => {
    if (isPublic(request.routeOptions.url ?? request.url.split('?')[0]!)) return;
    const credential = credentialOf(request);
    if (credential === null) throw unauthenticated();
    failures.check(request.ip, credential.secret);
    const caller = await callerOf(request, credential);
    failures.note(request.ip, credential.secret, caller);
    if (caller === null) throw unauthenticated();
    request.caller = caller;
    request.now = instantOfRequest(request);
  });
}

function unauthenticated(): AppError {
  return new AppError(
    'UNAUTHENTICATED',
    'Send a valid key as `Authorization: Bearer <key>`, or as the password of Basic with the client id as the user.',
  );
}

interface Credential {
  readonly secret: string;
  /** Set for Basic: the client that the key must belong to. */
  readonly clientId?: string;
  /** Set for a URL token: the route it is sent on. */
  readonly route?: TokenRoute;
}

/** What the request shows; a header goes before a URL token. Null when it shows nothing that could be one. */
function credentialOf(request: FastifyRequest): Credential | null {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const [, scheme = '', text = ''] = /^(Bearer|Basic) +(\S+)$/i.exec(authorization) ?? [];
    if (scheme.toLowerCase() === 'bearer') return { secret: text };
    const [, clientId, secret] = /^([^:]*):(.+)$/s.exec(Buffer.from(text, 'base64').toString()) ?? [];
    return clientId === undefined || secret === undefined ? null : { secret, clientId };
  }
  const { tokenRoute } = request.routeOptions.config;
  const { token } = (request.query ?? {}) as { token?: unknown };
  return tokenRoute === undefined || typeof token !== 'string' ? null : { secret: token, route: tokenRoute };
}

async function callerOf(request: FastifyRequest, credential: Credential): Promise<Caller | null> {
  const { credentials, dialers } = request.server.services;
  const { secret, clientId, route } = credential;
  if (route !== undefined) return dialers.authenticate(secret, route);
  const caller = await credentials.authenticate(secret);
  return clientId !== undefined && caller?.clientId !== clientId ? null : caller;
}

interface FailureLimit {
  /** Throws RATE_LIMITED for an address with too many failures, unless the credential was good before. */
  readonly check: (address: string, secret: string) => void;
  /** Counts a failure (null), or remembers a credential that was good. */
  readonly note: (address: string, secret: string, caller: Caller | null) => void;
}

const MINUTE_MS = 60_000;

/**
 * Refuses guesses without looking them up. Dialers behind one address share its failures, so what has been a good
 * credential within the hour is still heard: one that is set up wrongly does not silence the others.
 */
function createFailureLimit(perMinute: number | null): FailureLimit {
  if (perMinute === null) return { check: () => undefined, note: () => undefined };
  const counts = new LRUCache<string, number>({ max: 10_000, ttl: MINUTE_MS, noUpdateTTL: true });
  const good = new LRUCache<string, true>({ max: 10_000, ttl: 60 * MINUTE_MS });
  const noted = new WeakMap<Caller, number>();
  const keyOf = (secret: string) => hash('sha256', secret, 'base64');
  return {
    check: (address, secret) => {
      if ((counts.get(address) ?? 0) < perMinute || good.has(keyOf(secret))) return;
      const retryAfterSeconds = Math.ceil(counts.getRemainingTTL(address) / 1000);
      throw new AppError('RATE_LIMITED', 'Too many wrong keys have come from this address.', { retryAfterSeconds });
    },
    note: (address, secret, caller) => {
      if (caller === null) counts.set(address, (counts.get(address) ?? 0) + 1);
      // Hashing costs more than the rest of this, and a caller comes back thousands of times a second.
      else if (performance.now() - (noted.get(caller) ?? Number.NEGATIVE_INFINITY) > MINUTE_MS) {
        noted.set(caller, performance.now());
        good.set(keyOf(secret), true);
      }
    },
  };
}
