import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { type ASTVisitor, GraphQLError, NoSchemaIntrospectionCustomRule, type ValidationContext } from 'graphql';
import mercurius from 'mercurius';
import { formatErrors } from './errors.ts';
import type { Resolvers } from './resolver.ts';

const MAX_DEPTH = 12;
const MAX_FIELDS = 500;

export function readSdl(): string {
  return readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8');
}

/** Refuses a document with more fields than any screen needs: aliases are counted, so an alias bomb is refused too. */
function limitFields(context: ValidationContext): ASTVisitor {
  let fields = 0;
  return {
    Field() {
      fields += 1;
      if (fields === MAX_FIELDS + 1) context.reportError(new GraphQLError(`A document may have ${MAX_FIELDS} fields.`));
    },
  };
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
    queryDepth: MAX_DEPTH,
    validationRules: production ? [limitFields, NoSchemaIntrospectionCustomRule] : [limitFields],
  });
}
