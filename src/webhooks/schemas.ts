import { z } from 'zod';
import { idSchema, instantSchema } from '../validation.ts';
import { EVENT_TYPES } from './events.ts';

export const DELIVERY_STATES = ['pending', 'delivered', 'dead'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

const url = z
  .url({ protocol: /^https?$/ })
  .max(2000)
  .describe('https; http only to the same machine, or outside production');
const description = z.string().max(200);
const eventTypes = z
  .array(z.enum(EVENT_TYPES))
  .min(1)
  .max(EVENT_TYPES.length)
  .refine((list) => new Set(list).size === list.length, 'must not repeat a type')
  .nullable();
const everyType = 'Null: every type, also of later releases';

export const newEndpointSchema = z
  .strictObject({
    url,
    description: description.default(''),
    eventTypes: eventTypes.default(null).describe(everyType),
    enabled: z.boolean().default(true),
  })
  .meta({
    id: 'NewWebhookEndpoint',
    examples: [{ url: 'https://crm.example.com/hooks/collections', eventTypes: ['reservation.unreported'] }],
  });

export const endpointChangesSchema = z
  .strictObject({
    url: url.optional(),
    description: description.optional(),
    eventTypes: eventTypes.optional().describe(everyType),
    enabled: z.boolean().optional().describe('True also ends a pause'),
  })
  .refine((changes) => Object.values(changes).some((value) => value !== undefined), 'must change something')
  .meta({ id: 'WebhookEndpointChanges', examples: [{ enabled: false }] });

export const rotateSecretSchema = z
  .strictObject({
    overlapSeconds: z.int().min(0).max(2_592_000).default(86_400).describe('How long the older secret signs too'),
  })
  .meta({ id: 'RotateWebhookSecret', examples: [{ overlapSeconds: 3600 }, {}] });

export const replaySchema = z
  .strictObject({ since: instantSchema.describe('Inclusive; what is older than 30 days is gone') })
  .meta({ id: 'ReplayWebhookEvents', examples: [{ since: '2026-11-23T00:00:00+08:00' }] });

export const endpointParamsSchema = z.strictObject({ endpointId: idSchema });
export const deliveryParamsSchema = z.strictObject({ endpointId: idSchema, eventId: idSchema });
export const deliveryQuerySchema = z.strictObject({
  state: z.enum(DELIVERY_STATES).optional(),
  type: z.enum(EVENT_TYPES).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
});

export const endpointSchema = z
  .object({
    endpointId: z.string(),
    url: z.string(),
    description: z.string(),
    eventTypes: z.array(z.string()).nullable().describe(everyType),
    enabled: z.boolean(),
    disabledReason: z.enum(['gone']).nullable().describe('gone: it answered 410, so the service disabled it'),
    pausedUntil: instantSchema.nullable().describe('It was overloaded (429, 502, 504 or no answer in time)'),
    createdAt: instantSchema,
    updatedAt: instantSchema,
    deletedAt: instantSchema.nullable(),
  })
  .meta({ id: 'WebhookEndpoint' });

export const endpointWithSecretSchema = endpointSchema
  .extend({ secret: z.string().describe('For verifying signatures, shown this once') })
  .meta({ id: 'WebhookEndpointWithSecret' });

export const endpointListSchema = z.object({ items: z.array(endpointSchema) }).meta({ id: 'WebhookEndpointList' });

export const deliverySchema = z
  .object({
    eventId: z.string().describe('The webhook-id header of every attempt'),
    type: z.string().describe('One of the webhooks of openapi.yaml'),
    key: z.string().describe('Events of one key are delivered in their order'),
    state: z.enum(DELIVERY_STATES).describe('dead: ten attempts have failed, or the endpoint answered 410'),
    attempts: z.int().describe('Since it was made or last replayed'),
    nextAttemptAt: instantSchema.nullable(),
    createdAt: instantSchema,
    finishedAt: instantSchema.nullable(),
    log: z
      .array(
        z
          .object({
            attemptedAt: instantSchema,
            durationMs: z.int(),
            status: z.int().nullable().describe('Null when there was no answer'),
            error: z.string().nullable().describe('TIMEOUT, ADDRESS_REFUSED or the code of the network or of TLS'),
          })
          .meta({ id: 'WebhookAttempt' }),
      )
      .describe('Every attempt, oldest first'),
  })
  .meta({ id: 'WebhookDelivery' });

export const deliveryPageSchema = z
  .object({ items: z.array(deliverySchema), nextCursor: z.string().nullable() })
  .meta({ id: 'WebhookDeliveryPage' });

export const testResultSchema = z
  .object({
    delivered: z.boolean().describe('True when it answered 2xx'),
    status: z.int().nullable(),
    error: z.string().nullable(),
  })
  .meta({ id: 'WebhookTestResult' });

export const replayResultSchema = z
  .object({ replayed: z.int().describe('Events that are delivered again') })
  .meta({ id: 'WebhookReplay' });

export type NewEndpoint = z.output<typeof newEndpointSchema>;
export type EndpointChanges = z.output<typeof endpointChangesSchema>;
export type DeliveryQuery = z.output<typeof deliveryQuerySchema>;
export type Endpoint = z.infer<typeof endpointSchema>;
export type EndpointWithSecret = z.infer<typeof endpointWithSecretSchema>;
export type Delivery = z.infer<typeof deliverySchema>;
export type DeliveryPage = z.infer<typeof deliveryPageSchema>;
export type TestResult = z.infer<typeof testResultSchema>;
