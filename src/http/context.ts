import type { FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';
import type { Caller, Ctx, Language, Services } from '../context.ts';
import { LANGUAGES } from '../context.ts';
import { AppError } from '../errors.ts';
import { instantSchema } from '../validation.ts';

declare module 'fastify' {
  interface FastifyInstance {
    services: Services;
    sandbox: boolean;
  }
  interface FastifyRequest {
    caller: Caller | null;
    /** The one instant of the request. */
    now: Temporal.Instant | null;
  }
}

/** zh-CN unless the caller prefers English. */
export function languageOf(request: FastifyRequest): Language {
  const wanted = request.headers['accept-language'];
  if (wanted === undefined || wanted === '*') return 'zh-CN';
  return (new Negotiator(request).language([...LANGUAGES, 'en-US', 'zh']) ?? 'zh-CN').startsWith('en') ? 'en' : 'zh-CN';
}

/** The instant of the request: the clock's, or the Test-Clock header's in a sandbox; the header is refused anywhere else. */
export function instantOfRequest(request: FastifyRequest): Temporal.Instant {
  const header = request.headers['test-clock'];
  const { services, sandbox } = request.server;
  if (header === undefined) return services.clock();
  if (!sandbox) throw new AppError('TEST_CLOCK_REFUSED', 'This service is not a sandbox; Test-Clock is refused.');
  const parsed = instantSchema.safeParse(header);
  if (!parsed.success) throw new AppError('VALIDATION_FAILED', 'Test-Clock must be an RFC 3339 instant with offset.');
  return Temporal.Instant.from(parsed.data);
}

/** The context that services take, for a request that has been authenticated. */
export function contextOf(request: FastifyRequest): Ctx {
  const { caller, now } = request;
  if (caller === null || now === null) throw new AppError('UNAUTHENTICATED', 'This operation needs an API key.');
  const { services } = request.server;
  return {
    ...services,
    policy: services.policy.current(),
    policyHolder: services.policy,
    caller,
    now,
    language: languageOf(request),
    requestId: request.id,
    log: request.log,
  };
}
