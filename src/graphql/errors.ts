import { GraphQLError } from 'graphql';
import type { MercuriusContext } from 'mercurius';
import { AppError } from '../errors.ts';
import { toAppError } from '../http/errors.ts';

interface Execution {
  readonly data?: unknown;
  readonly errors?: readonly (Error & Partial<GraphQLError>)[];
}

/**
 * The same codes as REST in `extensions.code`. What is not ours says nothing about itself. Status: 200 when a field
 * gave data or an operation failed by its meaning, 400 when the document itself was refused.
 */
export function formatErrors(execution: Execution, context: MercuriusContext) {
  const reply = 'reply' in context ? context.reply : undefined;
  const errors = (execution.errors ?? []).flatMap((error) => {
    const nested = (error.originalError as { errors?: readonly Error[] } | undefined)?.errors;
    return Array.isArray(nested) && nested.every((one) => one instanceof GraphQLError) ? nested : [error];
  });
  let refused = false;
  let unauthenticated = false;
  const formatted = errors.map((error) => {
    const thrown = error.originalError;
    const ours = thrown instanceof AppError ? thrown : thrown === undefined ? documentError(error) : toAppError(thrown);
    if (thrown === undefined) refused = true;
    if (ours.code === 'UNAUTHENTICATED') unauthenticated = true;
    if (ours.status >= 500)
      reply?.log.error({ err: ours.cause ?? thrown ?? ours, code: ours.code }, 'GraphQL field failed');
    return {
      message: ours.message,
      ...(error.locations ? { locations: error.locations } : {}),
      ...(error.path ? { path: error.path } : {}),
      extensions: { code: ours.code, status: ours.status, requestId: reply?.request.id, errors: ours.errors },
    };
  });
  const statusCode = unauthenticated ? 401 : refused && execution.data == null ? 400 : 200;
  return { statusCode, response: { data: execution.data ?? null, errors: formatted } };
}

/** A syntax or validation error of the query itself; its text names fields of the schema, never data. */
function documentError(error: Error): AppError {
  return new AppError('VALIDATION_FAILED', error.message);
}
