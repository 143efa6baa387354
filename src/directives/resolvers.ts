import { contextOfResolver, idempotencyKeyOf, type Resolvers, withoutNulls } from '../graphql/resolver.ts';
import { idSchema, parseInput } from '../validation.ts';
import { endDirectiveSchema, newDirectiveSchema } from './schemas.ts';
import { endDirective, listDirectives, recordDirective } from './service.ts';

export const directiveResolvers: Resolvers = {
  Query: {
    directives: async (_, args, context) =>
      listDirectives(contextOfResolver(context), parseInput(idSchema, args.customerId, ['customerId'])),
  },
  Mutation: {
    recordDirective: async (_, args, context) =>
      (
        await recordDirective(
          contextOfResolver(context),
          parseInput(idSchema, args.customerId, ['customerId']),
          parseInput(newDirectiveSchema, withoutNulls(args.input)),
          idempotencyKeyOf(context),
        )
      ).answer.directive,
    endDirective: async (_, args, context) =>
      endDirective(
        contextOfResolver(context),
        parseInput(idSchema, args.customerId, ['customerId']),
        parseInput(idSchema, args.directiveId, ['directiveId']),
        parseInput(endDirectiveSchema, withoutNulls({ at: args.at })).at ?? null,
      ),
  },
};
