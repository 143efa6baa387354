import { z } from 'zod';
import { instantSchema } from '../validation.ts';
import { EVENT_TYPES, EVENTS, type EventType } from './events.ts';

/** The `webhooks` section of openapi.yaml: what a receiver gets, an operation for each event. */

const header = (name: string, description: string) => ({
  name,
  in: 'header',
  required: true,
  description,
  schema: { type: 'string' },
});

const HEADERS = [
  header('webhook-id', 'Id of the event, the same at every attempt and replay: take each once'),
  header('webhook-timestamp', 'Seconds since 1970 of this attempt; refuse one that is minutes away from now'),
  header(
    'webhook-signature',
    'Standard Webhooks 1.0: `v1,` and base64 of HMAC-SHA-256 over `id.timestamp.body`, one for each valid secret, separated by blanks',
  ),
];

function operationOf(type: EventType) {
  const data = EVENTS[type];
  const { $schema: _, ...schema } = z.toJSONSchema(
    z.object({ type: z.literal(type), timestamp: instantSchema.describe('When it happened'), data }),
    { unrepresentable: 'throw' },
  );
  return {
    operationId: type.replaceAll(/[._](\w)/g, (_, letter: string) => letter.toUpperCase()),
    tags: ['Webhooks'],
    summary: data.description!,
    security: [],
    parameters: HEADERS,
    requestBody: { required: true, content: { 'application/json': { schema } } },
    responses: {
      '2XX': { description: 'Received. Anything else, a redirect too, is a failure and is tried again; 410 ends it' },
    },
  };
}

export const webhookDocuments = Object.fromEntries(EVENT_TYPES.map((type) => [type, { post: operationOf(type) }]));
