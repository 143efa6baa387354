import { contextOfResolver, type Resolver, type Resolvers, withoutNulls } from '../graphql/resolver.ts';
import { resultOf } from '../http/errors.ts';
import { idSchema, invalidFields, parseInput } from '../validation.ts';
import { requestPermissions } from './batch.ts';
import { batchItemsSchema, type PermissionRequest, permissionRequestSchema, releaseSchema } from './schemas.ts';
import { getDecision, getReservation, releaseReservation, requestPermission } from './service.ts';

function parseRequest(input: unknown): PermissionRequest {
  return parseInput(permissionRequestSchema, withoutNulls(input));
}

function parseCheck(input: unknown): PermissionRequest {
  const request = parseRequest(input);
  if (request.mode !== 'reserve') return request;
  const message = 'a query takes no slot; use a mutation';
  throw invalidFields([{ pointer: '/mode', code: 'INVALID_VALUE', message }]);
}

const batch =
  (parse: typeof parseRequest): Resolver =>
  async (_, args, context) => {
    const ctx = contextOfResolver(context);
    const { results, summary } = await requestPermissions(ctx, parseInput(batchItemsSchema, args).items, parse);
    return { results: results.map((result, index) => resultOf({ index }, result, ctx.requestId)), summary };
  };

export const contactResolvers: Resolvers = {
  Query: {
    checkContact: async (_, args, context) => requestPermission(contextOfResolver(context), parseCheck(args.input)),
    checkContacts: batch(parseCheck),
    contactPermission: async (_, args, context) =>
      getDecision(contextOfResolver(context), parseInput(idSchema, args.decisionId, ['decisionId'])),
    reservation: async (_, args, context) =>
      getReservation(contextOfResolver(context), parseInput(idSchema, args.reservationId, ['reservationId'])),
  },
  Mutation: {
    requestContactPermission: async (_, args, context) =>
      requestPermission(contextOfResolver(context), parseRequest(args.input)),
    requestContactPermissions: batch(parseRequest),
    releaseReservation: async (_, args, context) =>
      releaseReservation(
        contextOfResolver(context),
        parseInput(idSchema, args.reservationId, ['reservationId']),
        parseInput(releaseSchema, { reason: args.reason }).reason,
      ),
  },
};
