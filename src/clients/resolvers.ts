import type { Resolvers } from '../graphql/resolver.ts';
import { contextOfResolver, idempotencyKeyOf } from '../graphql/resolver.ts';
import { markReplay } from '../http/rest.ts';
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
      const result = await createClient(contextOfResolver(context), input, idempotencyKeyOf(context));
      markReplay(context.reply, result);
      return result.answer;
    },
    rotateApiKey: async (_, args, context) =>
      (
        await rotateKey(
          contextOfResolver(context),
          parseInput(idSchema, args.clientId, ['clientId']),
          parseInput(rotateSchema, { overlapSeconds: args.overlapSeconds ?? undefined }).overlapSeconds,
          idempotencyKeyOf(context),
        )
      ).answer,
    revokeApiClient: async (_, args, context) =>
      revokeClient(contextOfResolver(context), parseInput(idSchema, args.clientId, ['clientId'])),
  },
};
