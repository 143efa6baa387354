import { contextOfResolver, type Resolvers, withoutNulls } from '../graphql/resolver.ts';
import { idSchema, parseInput } from '../validation.ts';
import { uploadListQuerySchema } from './schemas.ts';
import { getCallRecordUpload, listCallRecordUploads } from './service.ts';

/** Reading only: files are sent over REST. */
export const callRecordResolvers: Resolvers = {
  Query: {
    callRecordUpload: async (_, args, context) =>
      getCallRecordUpload(contextOfResolver(context), parseInput(idSchema, args.uploadId, ['uploadId'])),
    callRecordUploads: async (_, args, context) =>
      listCallRecordUploads(contextOfResolver(context), parseInput(uploadListQuerySchema, withoutNulls(args))),
  },
};
