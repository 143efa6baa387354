import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { sqlState } from '../db/database.ts';
import { AppError, FIELD_CODES, type FieldError, PROBLEMS, type ProblemCode } from '../errors.ts';

/** An answer for a caller that cannot read JSON: ready text of a media type. */
export interface TextAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** How callers of this route that cannot read JSON are told of a problem; null: as JSON. */
    readonly problemAs?: (problem: Problem, request: FastifyRequest) => TextAnswer | null;
  }
}

/** RFC 9457 body of every answer that is not 2xx; both doors use its codes. */
export const problemSchema = z
  .object({
    type: z.string().describe('Stable relative URI of the problem kind'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z
      .enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]])
      .describe('One of the closed catalogue; never localised'),
    requestId: z.string(),
    errors: z.array(
      z.object({
        pointer: z.string().describe('JSON Pointer into the request'),
        code: z.enum(FIELD_CODES),
        message: z.string(),
        line: z.int().optional().describe('Line of the text in that field, from 1'),
      }),
    ),
  })
  .meta({ id: 'Problem' });

export type Problem = z.infer<typeof problemSchema>;

export function problemOf(error: AppError, requestId: string): Problem {
  const { status, title } = PROBLEMS[error.code];
  const type = `/problems/${error.code.toLowerCase().replaceAll('_', '-')}`;
  return { type, title, status, detail: error.message, code: error.code, requestId, errors: [...error.errors] };
}

/** One result of many, at its place: the answer as it stands alone, or the problem that the single call would give. */
export function resultOf<P extends object>(
  place: P,
  result: object,
  requestId: string,
): P & { status: number; problem?: Problem } {
  if (!(result instanceof Error)) return { ...place, status: 200, ...result };
  const problem = problemOf(toAppError(result), requestId);
  return { ...place, status: problem.status, problem };
}

const CODE_OF_STATUS: Partial<Record<number, ProblemCode>> = {
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  429: 'RATE_LIMITED',
  503: 'UNAVAILABLE',
};

/** SQLSTATE classes that mean the database cannot answer now: connection, resources, shutdown, lock and statement timeout. */
const UNAVAILABLE_STATES = /^(08|53|57|55P03|40)/;

/** SQLSTATE of a number beyond a column: interest on an absurd balance over absurd years. */
const OUT_OF_RANGE = '22003';

/** What Node says when the database is not there: stopped, restarting, or gone from the name service. */
const LOST_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** Whatever was thrown to an AppError; what is not ours and not the caller's fault says nothing about itself. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { statusCode, code, message } = error as Partial<FastifyError>;
  if (
    code === 'FST_ERR_CTP_INVALID_JSON_BODY' ||
    code === 'FST_ERR_CTP_EMPTY_JSON_BODY' ||
    (statusCode === 400 && error instanceof SyntaxError)
  ) {
    return new AppError('MALFORMED_JSON', 'The body is not valid JSON.');
  }
  const state = sqlState(error);
  const lost =
    (code !== undefined && LOST_CODES.has(code)) ||
    message?.includes('timeout exceeded when trying to connect') ||
    message?.includes('Connection terminated');
  if (lost || (state !== undefined && UNAVAILABLE_STATES.test(state))) {
    return new AppError('UNAVAILABLE', 'The database does not answer; nothing was decided.', {
      cause: error,
      retryAfterSeconds: 1,
    });
  }
  if (state === OUT_OF_RANGE)
    return new AppError('UNPROCESSABLE', 'A number that follows from this request is larger than can be kept.', {
      cause: error,
    });
  const known = statusCode === undefined ? undefined : CODE_OF_STATUS[statusCode];
  if (known) return new AppError(known, PROBLEMS[known].title, { cause: error });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new AppError('VALIDATION_FAILED', message ?? PROBLEMS.VALIDATION_FAILED.title);
  return new AppError('INTERNAL', 'The service failed; nothing was permitted.', { cause: error });
}

/** What both doors do with a problem beside its body: one log line and the headers that go with it. */
export function noteProblem(request: FastifyRequest, reply: FastifyReply, error: AppError): void {
  if (error.status >= 500) request.log.error({ err: error.cause ?? error, code: error.code }, 'request failed');
  else request.log.info({ code: error.code, errors: error.errors.map(logged) }, 'request refused');
  if (error.code === 'UNAUTHENTICATED') reply.header('www-authenticate', CHALLENGES);
  if (error.retryAfterSeconds !== undefined) reply.header('retry-after', error.retryAfterSeconds);
}

const CHALLENGES = ['Bearer', 'Basic'].map((scheme) => `${scheme} realm="collections-rules"`).join(', ');

/** The name of an unknown field is the caller's text, and may be anybody's number. */
function logged({ pointer, code }: FieldError): string {
  return code === 'UNKNOWN_FIELD' ? `${pointer.slice(0, pointer.lastIndexOf('/'))}/* ${code}` : `${pointer} ${code}`;
}

export function sendProblem(request: FastifyRequest, reply: FastifyReply, thrown: unknown): FastifyReply {
  const error = toAppError(thrown);
  noteProblem(request, reply, error);
  const problem = problemOf(error, request.id);
  const { status, type, text } = request.routeOptions.config?.problemAs?.(problem, request) ?? {
    status: error.status,
    type: 'application/problem+json; charset=utf-8',
    text: JSON.stringify(problem),
  };
  // A ready string: the problem must not pass through the schema of the success answer.
  return reply.code(status).type(type).send(text);
}

/** Installs the one error handler, and 404 and 405 (with Allow) for what no route takes. */
export function handleErrors(app: FastifyInstance): void {
  const routes: { pattern: RegExp; methods: Set<string> }[] = [];
  const byUrl = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    if (url === '*' || url === '/*') return;
    let methods = byUrl.get(url);
    if (!methods) {
      methods = new Set();
      byUrl.set(url, methods);
      routes.push({ pattern: new RegExp(`^${url.replace(/:[A-Za-z]+/g, '[^/]+').replaceAll('*', '.*')}$`), methods });
    }
    for (const one of [method].flat()) methods.add(one);
  });
  app.setErrorHandler((error, request, reply) => sendProblem(request, reply, error));
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0]!;
    const allowed = new Set(routes.filter((route) => route.pattern.test(path)).flatMap((route) => [...route.methods]));
    if (allowed.size === 0) return sendProblem(request, reply, new AppError('NOT_FOUND', 'There is no such path.'));
    reply.header('allow', [...allowed].sort().join(', '));
    return sendProblem(
      request,
      reply,
      new AppError('METHOD_NOT_ALLOWED', `This path takes ${[...allowed].sort().join(', ')}.`),
    );
  });
}

const COMMON_STATUSES = [400, 401, 403, 429, 500, 503] as const;

/** Response schemas of the problems a route can answer: the common ones and those named. */
export function problems(...statuses: (404 | 409 | 412 | 413 | 415 | 422 | 428)[]): Record<number, unknown> {
  const all = [...COMMON_STATUSES, ...statuses].sort((a, b) => a - b);
  return Object.fromEntries(
    all.map((status) => [
      status,
      { description: DESCRIPTIONS[status], content: { 'application/problem+json': { schema: problemSchema } } },
    ]),
  );
}

/** The same for a route whose `problemAs` also writes them in other media types. */
export function problemsIn(
  types: Readonly<Record<string, z.ZodType>>,
  ...statuses: Parameters<typeof problems>
): Record<number, unknown> {
  const others = Object.fromEntries(Object.entries(types).map(([type, schema]) => [type, { schema }]));
  return Object.fromEntries(
    Object.entries(problems(...statuses)).map(([status, response]) => {
      const { description, content } = response as { description: string; content: object };
      return [status, { description, content: { ...content, ...others } }];
    }),
  );
}

const DESCRIPTIONS: Record<number, string> = {
  400: 'Wrong shape',
  401: 'No valid key',
  403: 'The key lacks the scope',
  404: 'No such resource',
  409: 'Conflict with the state',
  412: 'Changed since it was read',
  413: 'Body too large',
  415: 'Unsupported media type',
  422: 'Right shape, no valid meaning',
  428: 'The change must say which state it is based on',
  429: 'Too many requests',
  500: 'The service failed; nothing was permitted',
  503: 'The service cannot answer now; nothing was permitted',
};
