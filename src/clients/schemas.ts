import { z } from 'zod';
import { SCOPES } from '../context.ts';
import { idSchema, instantSchema } from '../validation.ts';

const scopes = z
  .array(z.enum(SCOPES))
  .min(1)
  .max(SCOPES.length)
  .refine((list) => new Set(list).size === list.length, 'must not repeat a scope');

export const newClientSchema = z
  .strictObject({
    clientId: idSchema.describe('Your id of the system that will call'),
    name: z.string().trim().min(1).max(200),
    scopes,
    collectorId: idSchema
      .nullable()
      .default(null)
      .describe('Set for a vendor: the client may then act only as this collector'),
  })
  .meta({
    id: 'NewApiClient',
    examples: [
      {
        clientId: 'dialer-7',
        name: 'Dialer of vendor 7',
        scopes: ['contact:check', 'contact:report'],
        collectorId: 'vendor-7',
      },
    ],
  });

export const rotateSchema = z
  .strictObject({
    overlapSeconds: z.int().min(0).max(2_592_000).default(86_400).describe('How long the older keys stay valid'),
  })
  .meta({ id: 'RotateApiKey', examples: [{ overlapSeconds: 3600 }, {}] });

export const clientSchema = z
  .object({
    clientId: z.string(),
    name: z.string(),
    scopes: z.array(z.enum(SCOPES)),
    collectorId: z.string().nullable(),
    createdAt: instantSchema,
    revokedAt: instantSchema.nullable(),
  })
  .meta({ id: 'ApiClient' });

export const clientWithKeySchema = clientSchema
  .extend({ key: z.string().describe('The secret, shown this once') })
  .meta({ id: 'ApiClientWithKey' });

export const clientListSchema = z.object({ items: z.array(clientSchema) }).meta({ id: 'ApiClientList' });

export type NewClient = z.output<typeof newClientSchema>;
export type Client = z.infer<typeof clientSchema>;
export type ClientWithKey = z.infer<typeof clientWithKeySchema>;
