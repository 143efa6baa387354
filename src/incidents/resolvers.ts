import { contextOfResolver, type Resolvers, withoutNulls } from '../graphql/resolver.ts';
import { idSchema, parseInput } from '../validation.ts';
import { incidentListQuerySchema, incidentReasonSchema } from './schemas.ts';
import { closeIncident, explainIncident, getIncident, listIncidents } from './service.ts';

const incidentIdOf = (args: Readonly<Record<string, unknown>>) => parseInput(idSchema, args.incidentId, ['incidentId']);
const reasonOf = (args: Readonly<Record<string, unknown>>) =>
  parseInput(incidentReasonSchema, { reason: args.reason }).reason;

export const incidentResolvers: Resolvers = {
  Query: {
    incidents: async (_, args, context) =>
      listIncidents(contextOfResolver(context), parseInput(incidentListQuerySchema, withoutNulls(args))),
    incident: async (_, args, context) => getIncident(contextOfResolver(context), incidentIdOf(args)),
  },
  Mutation: {
    explainIncident: async (_, args, context) =>
      explainIncident(contextOfResolver(context), incidentIdOf(args), reasonOf(args)),
    closeIncident: async (_, args, context) =>
      closeIncident(contextOfResolver(context), incidentIdOf(args), reasonOf(args)),
  },
};
