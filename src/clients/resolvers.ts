import type { Resolvers } from '../graphql/resolver.ts';
import { contextOfResolver, idempotencyKeyOf } from '../graphql/resolver.ts';
import { idSchema, parseInput } from '../validation.ts';
import { newClientSchema, rotateSchema } from './schemas.ts';
import { createClient, listClients, revokeClient, rotateKey } from './service.ts';

export const clientResolvers: Resolvers = {
  Query: {
    apiClients: async (_, __, context) => listClients(contextOfResolver(context)),
  },
  Mutation: {
    createApiClient: async (_, args, context) =>
      (
        await createClient(
          contextOfResolver(context),
          parseInput(newClientSchema, args.input),
          idempotencyKeyOf(context),
        )
      ).answer,
    rotateApiKey: async (_, args, context) =>
      (
        await rotateKey(
          contextOfResolver(context),
          parseInput(idSchema, args.clientId),
          parseInput(rotateSchema, { overlapSeconds: args.overlapSeconds ?? undefined }).overlapSeconds,
          idempotencyKeyOf(context),
        )
      ).answer,
    revokeApiClient: async (_, args, context) =>
      revokeClient(contextOfResolver(context), parseInput(idSchema, args.clientId)),
  },
};
