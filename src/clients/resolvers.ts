import type { Resolvers } from '../graphql/resolver.ts';
import { answerOf, contextOfResolver, idempotencyKeyOf } from '../graphql/resolver.ts';
import { idSchema, parseInput } from '../validation.ts';
import { newClientSchema, rotateSchema } from './schemas.ts';
import { createClient, listClients, revokeClient, rotateKey } from './service.ts';

export const clientResolvers: Resolvers = {
  Query: {
    apiClients: async (_, __, context) => listClients(contextOfResolver(context)),
  },
  Mutation: {
    createApiClient: async (_, args, context) => {
      const input = parseInput(newClientSchema, args.input);
      return answerOf(context, await createClient(contextOfResolver(context), input, idempotencyKeyOf(context)));
    },
    rotateApiKey: async (_, args, context) => {
      const clientId = parseInput(idSchema, args.clientId, ['clientId']);
      const { overlapSeconds } = parseInput(rotateSchema, { overlapSeconds: args.overlapSeconds ?? undefined });
      const ctx = contextOfResolver(context);
      return answerOf(context, await rotateKey(ctx, clientId, overlapSeconds, idempotencyKeyOf(context)));
    },
    revokeApiClient: async (_, args, context) =>
      revokeClient(contextOfResolver(context), parseInput(idSchema, args.clientId, ['clientId'])),
  },
};
