import type { Resolvers } from '../graphql/resolver.ts';
import { answerOf, contextOfResolver, idempotencyKeyOf, withoutNulls } from '../graphql/resolver.ts';
import { idSchema, parseInput } from '../validation.ts';
import { listDeliveries, replayDelivery, replayEvents } from './deliveries.ts';
import {
  deliveryQuerySchema,
  endpointChangesSchema,
  newEndpointSchema,
  replaySchema,
  rotateSecretSchema,
} from './schemas.ts';
import {
  changeEndpoint,
  createEndpoint,
  deleteEndpoint,
  getEndpoint,
  listEndpoints,
  rotateSecret,
  testEndpoint,
} from './service.ts';

type Args = Readonly<Record<string, unknown>>;
const endpointIdOf = (args: Args) => parseInput(idSchema, args.endpointId, ['endpointId']);

export const webhookResolvers: Resolvers = {
  Query: {
    webhookEndpoints: async (_, __, context) => listEndpoints(contextOfResolver(context)),
    webhookEndpoint: async (_, args, context) =>
      (await getEndpoint(contextOfResolver(context), endpointIdOf(args))).endpoint,
    webhookDeliveries: async (_, { endpointId, ...query }, context) => {
      const parsed = parseInput(deliveryQuerySchema, withoutNulls(query));
      return listDeliveries(contextOfResolver(context), endpointIdOf({ endpointId }), parsed);
    },
  },
  Mutation: {
    createWebhookEndpoint: async (_, args, context) => {
      const input = parseInput(newEndpointSchema, args.input);
      return answerOf(context, await createEndpoint(contextOfResolver(context), input, idempotencyKeyOf(context)));
    },
    changeWebhookEndpoint: async (_, args, context) => {
      const input = parseInput(endpointChangesSchema, args.input);
      return (await changeEndpoint(contextOfResolver(context), endpointIdOf(args), input, null)).endpoint;
    },
    deleteWebhookEndpoint: async (_, args, context) => deleteEndpoint(contextOfResolver(context), endpointIdOf(args)),
    rotateWebhookSecret: async (_, args, context) => {
      const endpointId = endpointIdOf(args);
      const { overlapSeconds } = parseInput(rotateSecretSchema, { overlapSeconds: args.overlapSeconds ?? undefined });
      const ctx = contextOfResolver(context);
      return answerOf(context, await rotateSecret(ctx, endpointId, overlapSeconds, idempotencyKeyOf(context)));
    },
    testWebhookEndpoint: async (_, args, context) => testEndpoint(contextOfResolver(context), endpointIdOf(args)),
    replayWebhookEvents: async (_, args, context) => {
      const { since } = parseInput(replaySchema, { since: args.since });
      return replayEvents(contextOfResolver(context), endpointIdOf(args), since);
    },
    replayWebhookDelivery: async (_, args, context) => {
      const eventId = parseInput(idSchema, args.eventId, ['eventId']);
      return replayDelivery(contextOfResolver(context), endpointIdOf(args), eventId);
    },
  },
};
