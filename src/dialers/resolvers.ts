import { answerOf, contextOfResolver, idempotencyKeyOf, type Resolvers, withoutNulls } from '../graphql/resolver.ts';
import { idSchema, parseInput } from '../validation.ts';
import { dialerInputSchema, newUrlTokenSchema, urlTokenRevocationSchema } from './schemas.ts';
import { createUrlToken, getDialer, listDialers, listPlatforms, putDialer, revokeUrlTokens } from './service.ts';

export const dialerResolvers: Resolvers = {
  Query: {
    dialer: async (_, args, context) =>
      (await getDialer(contextOfResolver(context), parseInput(idSchema, args.dialerId, ['dialerId']))).dialer,
    dialers: async (_, __, context) => listDialers(contextOfResolver(context)),
    dialerPlatforms: async (_, __, context) => listPlatforms(contextOfResolver(context)),
  },
  Mutation: {
    putDialer: async (_, args, context) => {
      const dialerId = parseInput(idSchema, args.dialerId, ['dialerId']);
      const input = parseInput(dialerInputSchema, withoutNulls(args.input));
      return (await putDialer(contextOfResolver(context), dialerId, input, null)).dialer;
    },
    createDialerUrlToken: async (_, args, context) => {
      const dialerId = parseInput(idSchema, args.dialerId, ['dialerId']);
      const { route, overlapSeconds } = args;
      const input = parseInput(newUrlTokenSchema, { route, overlapSeconds: overlapSeconds ?? undefined });
      const ctx = contextOfResolver(context);
      return answerOf(context, await createUrlToken(ctx, dialerId, input, idempotencyKeyOf(context)));
    },
    revokeDialerUrlTokens: async (_, args, context) => {
      const dialerId = parseInput(idSchema, args.dialerId, ['dialerId']);
      const { route } = parseInput(urlTokenRevocationSchema, { route: args.route });
      return revokeUrlTokens(contextOfResolver(context), dialerId, route);
    },
  },
};
