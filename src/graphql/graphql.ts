import { readFileSync } from 'node:fs';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  type ASTVisitor,
  GraphQLError,
  Location,
  NoSchemaIntrospectionCustomRule,
  type ValidationContext,
} from 'graphql';
import mercurius from 'mercurius';
import { AppError } from '../errors.ts';
import { formatErrors } from './errors.ts';
import type { Resolvers } from './resolver.ts';

/** What GraphiQL asks at its start has this depth; answers of ours have less than half. */
const MAX_DEPTH = 15;
const MAX_TOKENS = 5000;
const MAX_FIELDS = 500;
/** Each is a call of a service, so that one request cannot be made to count for hundreds. */
const MAX_OPERATIONS = 20;

export function readSdl(): string {
  return readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8');
}

/** Refuses a document with more fields than any screen needs: aliases are counted, so an alias bomb is refused too. */
function limitFields(context: ValidationContext): ASTVisitor {
  const roots = [context.getSchema().getQueryType(), context.getSchema().getMutationType()];
  let fields = 0;
  let operations = 0;
  return {
    Field() {
      fields += 1;
      if (roots.includes(context.getParentType() as (typeof roots)[number])) operations += 1;
      if (fields === MAX_FIELDS + 1) context.reportError(new GraphQLError(`A document may have ${MAX_FIELDS} fields.`));
      if (operations === MAX_OPERATIONS + 1)
        context.reportError(new GraphQLError(`A document may call ${MAX_OPERATIONS} operations.`));
    },
  };
}

/** What a query asks about is personal data, and URLs are logged by everything on the way. */
async function refuseGet(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (request.method === 'POST') return;
  reply.header('allow', 'POST');
  throw new AppError('METHOD_NOT_ALLOWED', 'Send the query with POST.');
}

/** `/graphql` over `schema.graphql`: the same services as REST, parsed by the same schemas. */
export async function registerGraphql(
  app: FastifyInstance,
  features: readonly Resolvers[],
  production: boolean,
): Promise<void> {
  const resolvers = {
    Query: Object.assign({}, ...features.map((feature) => feature.Query)),
    Mutation: Object.assign({}, ...features.map((feature) => feature.Mutation)),
  };
  await app.register(mercurius, {
    schema: readSdl(),
    resolvers,
    context: (request) => ({ request }),
    errorFormatter: formatErrors as never,
    graphiql: !production,
    graphql: { parseOptions: { maxTokens: MAX_TOKENS } },
    queryDepth: MAX_DEPTH,
    validationRules: production ? [limitFields, NoSchemaIntrospectionCustomRule] : [limitFields],
    additionalRouteOptions: { preValidation: refuseGet },
  });
  app.graphql.addHook('preValidation', async (_, document) => {
    // Mercurius also takes a syntax tree as JSON, and graphql-js trusts a tree to be well-formed.
    if (!(document?.loc instanceof Location))
      throw new AppError('VALIDATION_FAILED', 'The query is no GraphQL document.');
  });
}
