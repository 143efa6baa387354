import { GraphQLError, Kind } from 'graphql';
import type { MercuriusContext } from 'mercurius';
import { AppError } from '../errors.ts';
import { noteProblem, toAppError } from '../http/errors.ts';
import { invalidFields } from '../validation.ts';
import { variableErrors } from './variables.ts';

interface Execution {
  readonly data?: unknown;
  readonly errors?: readonly (Error & Partial<GraphQLError>)[];
}

/**
 * The same codes as REST in `extensions.code`. What is not ours says nothing about itself. Status: that of the first
 * error where nothing was executed (400 for a refused document, 401 without a key), else 200 and every field for itself.
 */
export function formatErrors(execution: Execution, context: MercuriusContext) {
  const request = context.reply?.request;
  const formatted = unfold(execution.errors ?? []).map((error) => {
    const ours = appErrorOf(error, context);
    if (request) noteProblem(request, context.reply, ours);
    const { code, status, errors, retryAfterSeconds } = ours;
    return {
      message: ours.message,
      ...(error.locations ? { locations: error.locations } : {}),
      ...(error.path ? { path: error.path } : {}),
      extensions: {
        code,
        status,
        requestId: request?.id,
        errors,
        ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      },
    };
  });
  const statusCode = execution.data === undefined ? (formatted[0]?.extensions.status ?? 400) : 200;
  return { statusCode, response: { data: execution.data ?? null, errors: formatted } };
}

/** Mercurius wraps the problems of one document in one error; a variable's problems are gathered in one below. */
function unfold(errors: NonNullable<Execution['errors']>): (Error & Partial<GraphQLError>)[] {
  const variables = new Set<unknown>();
  return errors
    .flatMap((error) => {
      const { code, errors: nested } = (error.originalError ?? {}) as { code?: string; errors?: readonly Error[] };
      return code === 'MER_ERR_GQL_VALIDATION' && nested ? nested : [error];
    })
    .filter((error: Error & Partial<GraphQLError>) => {
      const definition = error.nodes?.[0];
      if (definition?.kind !== Kind.VARIABLE_DEFINITION) return true;
      if (variables.has(definition)) return false;
      variables.add(definition);
      return true;
    });
}

function appErrorOf(error: Error & Partial<GraphQLError>, context: MercuriusContext): AppError {
  if (error instanceof AppError) return error;
  const thrown = error.originalError;
  if (thrown !== undefined && !(thrown instanceof GraphQLError)) return toAppError(thrown);
  const node = error.nodes?.[0];
  if (node?.kind === Kind.VARIABLE_DEFINITION) {
    const body = context.reply?.request.body as { variables?: Record<string, unknown> } | undefined;
    return invalidFields(variableErrors(context.app.graphql.schema, node, body?.variables ?? {}));
  }
  // A syntax or validation error of the document: its text names fields of the schema and what the document says itself.
  return new AppError('VALIDATION_FAILED', error.message);
}
